//! One secret of one plugin in CloudCLI's `plugins.json`, `{"<plugin>":{"secrets":{"<name>":"<value>"}}}` (1.37.2): putting it in,
//! and taking it out again with what holds nothing else.

use super::{Refusal, json::Container, json::root, layout};

/// The members on the way to the secret.
const SECRETS: &str = "secrets";

/// The secret; `None` where there is none, or what is there is no text.
pub fn find(text: &str, plugin: &str, name: &str) -> Result<Option<String>, Refusal> {
    check(text, plugin, name)?;
    let secrets = secrets(text, plugin)?;
    Ok(secrets.and_then(|secrets| secrets.member(name)?.string(text)))
}

/// Returns the text with this secret; the very same text where it is there. `name` and `plugin` are plain words.
pub fn put(text: &str, plugin: &str, name: &str, value: &str) -> Result<String, Refusal> {
    check(text, plugin, name)?;
    let mut text = text.to_owned();
    if root(&text)?.member(plugin).is_none() {
        text = layout::add(&text, &root(&text)?, Some(plugin), "{}");
    }
    if secrets(&text, plugin)?.is_none() {
        text = layout::add(&text, &member(&text, plugin)?, Some(SECRETS), "{}");
    }
    let secrets = secrets(&text, plugin)?.unwrap_or_default();
    let value = serde_json::Value::from(value).to_string();
    let Some(item) = secrets.member(name) else {
        return Ok(layout::add(&text, &secrets, Some(name), &value));
    };
    if item.string(&text).is_some() && item.text(&text) == value {
        return Ok(text);
    }
    let before = text.get(..item.value.start).unwrap_or_default();
    let after = text.get(item.value.end..).unwrap_or_default();
    Ok(format!("{before}{value}{after}"))
}

/// Returns the text without this secret, and without the objects around it that hold nothing else.
pub fn take(text: &str, plugin: &str, name: &str) -> Result<String, Refusal> {
    check(text, plugin, name)?;
    let Some(secrets) = secrets(text, plugin)? else {
        return Ok(text.to_owned());
    };
    let Some(index) = secrets.position(name) else {
        return Ok(text.to_owned());
    };
    let mut text = layout::remove(text, &secrets, index);
    if secrets.items.len() > 1 {
        return Ok(text);
    }
    let ours = member(&text, plugin)?;
    if let Some(index) = ours.position(SECRETS) {
        text = layout::remove(&text, &ours, index);
    }
    if ours.items.len() > 1 {
        return Ok(text);
    }
    let root = root(&text)?;
    match root.position(plugin) {
        Some(index) => Ok(layout::remove(&text, &root, index)),
        None => Ok(text),
    }
}

/// Refuses what CloudCLI would not understand either, as far as it would have to be changed.
fn check(text: &str, plugin: &str, name: &str) -> Result<(), Refusal> {
    let shape = |at: String| {
        Err(Refusal::Shape {
            at,
            expected: "an object",
        })
    };
    let root = root(text)?;
    root.once(plugin)?;
    let Some(value) = root.member(plugin) else {
        return Ok(());
    };
    let Some(ours) = value.container(text).filter(Container::is_object) else {
        return shape(plugin.to_owned());
    };
    ours.once(SECRETS)?;
    let Some(value) = ours.member(SECRETS) else {
        return Ok(());
    };
    let Some(secrets) = value.container(text).filter(Container::is_object) else {
        return shape(format!("{plugin}.{SECRETS}"));
    };
    secrets.once(name)
}

fn member(text: &str, name: &str) -> Result<Container, Refusal> {
    let member = root(text)?
        .member(name)
        .and_then(|member| member.container(text));
    Ok(member.unwrap_or_default())
}

fn secrets(text: &str, plugin: &str) -> Result<Option<Container>, Refusal> {
    let ours = member(text, plugin)?;
    Ok(ours
        .member(SECRETS)
        .and_then(|secrets| secrets.container(text)))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Puts a secret in, compares, and takes it out again, which gives `back`.
    fn check(text: &str, expected: Expect, back: &str) {
        let put = put(text, "p", "token", "12").unwrap();
        expected.assert_eq(&put);
        assert_eq!(find(&put, "p", "token"), Ok(Some("12".to_owned())));
        assert_eq!(super::put(&put, "p", "token", "12").unwrap(), put);
        assert_eq!(take(&put, "p", "token").unwrap(), back);
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        let empty = expect![[r#"
            {
              "p": {
                "secrets": {
                  "token": "12"
                }
              }
            }
        "#]];
        check("{}\n", empty, "{}\n");
        let other = "{\n  \"q\": {\n    \"enabled\": false, \"n\": 1.50\n  }\n}";
        let expected = expect![[r#"
            {
              "q": {
                "enabled": false, "n": 1.50
              },
              "p": {
                "secrets": {
                  "token": "12"
                }
              }
            }"#]];
        check(other, expected, other);
        let ours = r#"{"p":{"enabled":true,"secrets":{"key":"x"}}}"#;
        let expected = expect![[r#"{"p":{"enabled":true,"secrets":{"key":"x","token":"12"}}}"#]];
        check(ours, expected, ours);
    }

    #[test]
    fn an_older_secret_is_replaced_where_it_stands() {
        let text = r#"{"p":{"secrets":{"token": "old" , "key":"x"},"enabled":true}}"#;
        let expected = expect![[r#"{"p":{"secrets":{"token": "12" , "key":"x"},"enabled":true}}"#]];
        check(
            text,
            expected,
            r#"{"p":{"secrets":{"key":"x"},"enabled":true}}"#,
        );
        let text = r#"{"p":{"secrets":{"token":null}}}"#;
        assert_eq!(find(text, "p", "token"), Ok(None));
        check(text, expect![[r#"{"p":{"secrets":{"token":"12"}}}"#]], "{}");
    }

    #[test]
    fn what_is_not_understood_is_left_alone() {
        for text in [
            "",
            "[]",
            "{",
            "null",
            r#"{"p":1}"#,
            r#"{"p":[]}"#,
            r#"{"p":{"secrets":"x"}}"#,
            r#"{"p":{},"p":{}}"#,
            r#"{"p":{"secrets":{},"secrets":{}}}"#,
            r#"{"p":{"secrets":{"token":"a","token":"b"}}}"#,
        ] {
            assert!(put(text, "p", "token", "12").is_err(), "{text}");
            assert!(take(text, "p", "token").is_err(), "{text}");
        }
        assert_eq!(take("{ }", "p", "token"), Ok("{ }".to_owned()));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in ".{0,80}") {
            drop(put(&text, "p", "token", "12"));
            drop(take(&text, "p", "token"));
        }

        #[test]
        fn whatever_the_others_have_is_kept(
            others in proptest::collection::btree_map("[a-oq-z\"\\\\é]{0,3}", any::<i64>(), 0..4),
            enabled in any::<Option<bool>>(),
            pretty in any::<bool>(),
        ) {
            let mut value = json!(others);
            if let Some(enabled) = enabled {
                value["p"] = json!({ "enabled": enabled });
            }
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            let text = text.unwrap();
            let put = put(&text, "p", "token", "12").unwrap();
            let parsed: serde_json::Value = serde_json::from_str(&put).unwrap();
            let mut expected = value.clone();
            expected["p"]["secrets"]["token"] = json!("12");
            prop_assert_eq!(parsed, expected);
            prop_assert_eq!(take(&put, "p", "token").unwrap(), text);
        }
    }
}
