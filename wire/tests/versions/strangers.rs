//! Values from another version, and bodies that a client got wrong.

use super::*;

fn decode<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

/// `json` of a value with one field changed or added.
fn with(value: &impl Serialize, field: &str, new: Value) -> String {
    let mut value = serde_json::to_value(value).unwrap();
    let fields = value.as_object_mut().unwrap();
    fields.insert(field.to_owned(), new);
    value.to_string()
}

#[test]
fn an_old_page_reads_a_newer_servers_words() {
    let newer = with(&session(), "state", "dreaming".into());
    let row: Session = decode(&newer).unwrap();
    assert_eq!(row.state, State::Unknown);
    let newer = with(&session(), "status", "asleep".into());
    assert_eq!(decode::<Session>(&newer).unwrap().status, Status::Unknown);
    let newer = with(&session(), "stateSource", "oracle".into());
    assert_eq!(
        decode::<Session>(&newer).unwrap().state_source,
        StateSource::Unknown
    );
    let newer = with(&session(), "mood", "good".into());
    assert_eq!(decode::<Session>(&newer), Ok(session()));
    let error = ErrorBody::new(Code::Busy, "Wait.");
    let newer = with(&error, "code", "too_windy".into());
    assert_eq!(decode::<ErrorBody>(&newer).unwrap().code, Code::Unknown);
    assert_eq!(decode(r#""evaporated""#), Ok(KillOutcome::Unknown));
    assert_eq!(decode(r#""shred""#), Ok(CleanupAction::Unknown));
    let refused = r#"{"kill":{"code":"too_windy","error":"Wait.","until":7}}"#;
    let kill = Permit::Refused {
        code: Code::Unknown,
        error: "Wait.".to_owned(),
    };
    assert_eq!(decode(refused), Ok(Actions { kill }));
}

/// A variant with data that nobody knows says nothing; the page then says that it is older than the server.
#[test]
fn what_carries_unknown_data_does_not_decode() {
    assert!(decode::<Holder>(r#"{"type":"pty","path":"/dev/pts/1"}"#).is_err());
    assert!(decode::<CleanupResult>(r#"{"type":"moved","to":"/x"}"#).is_err());
}

#[test]
fn a_permit_is_true_or_says_why_not() {
    for wrong in [
        r#"{"kill":false}"#,
        r#"{"kill":null}"#,
        r#"{"kill":"true"}"#,
        r#"{"kill":{"code":"busy"}}"#,
        r#"{"kill":{"error":"Wait."}}"#,
        "{}",
    ] {
        assert!(decode::<Actions>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_misspelt_option_of_an_action_is_refused() {
    for wrong in [
        r#"{"Key":"1:1"}"#,
        r#"{"grace_ms":1}"#,
        r#"{"graceMs":60001}"#,
        r#"{"graceMs":-1}"#,
        r#"{"graceMs":1.5}"#,
        r#"{"graceMs":"1"}"#,
        r#"{"key":"1"}"#,
        r#"{"key":7}"#,
        r#"{"key":null}"#,
        r#"{"key":"1:1","key":"1:1"}"#,
    ] {
        assert!(decode::<KillRequest>(wrong).is_err(), "{wrong}");
    }
    for wrong in [
        r#"{"dryrun":true}"#,
        r#"{"dryRun":1}"#,
        r#"{"dryRun":"yes"}"#,
    ] {
        assert!(decode::<CleanupRequest>(wrong).is_err(), "{wrong}");
    }
    for wrong in [
        "{}",
        r#"{"sessionId":"../../etc/passwd"}"#,
        r#"{"sessionId":"short"}"#,
        r#"{"sessionId":"607b503a","force":true}"#,
        r#"{"sessionId":"607b503a","cwd":["/"]}"#,
    ] {
        assert!(decode::<ResumeRequest>(wrong).is_err(), "{wrong}");
    }
    assert!(decode::<Pid>("0").is_err());
    assert!(decode::<Pid>("4194305").is_err());
    assert!(decode::<Pid>("1.5").is_err());
}
