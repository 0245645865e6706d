use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

const BIN: &str = "/opt/it's here/session-manager";

fn check(text: &str, expected: Expect) {
    let installed = install(text, "/bin/sm", &[Event::Stop]).unwrap();
    expected.assert_eq(&installed);
    assert_eq!(uninstall(&installed).unwrap(), text);
}

fn there_and_back(text: &str) {
    let installed = install(text, BIN, &Event::ALL).unwrap();
    let found = entries(&installed).unwrap();
    assert_eq!(found.len(), Event::ALL.len(), "{installed}");
    assert!(
        found
            .iter()
            .all(|entry| entry.binary.as_deref() == Some(BIN))
    );
    assert_eq!(install(&installed, BIN, &Event::ALL).unwrap(), installed);
    assert_eq!(uninstall(&installed).unwrap(), text, "{installed}");
    let moved = install(&installed, "/other", &Event::ALL).unwrap();
    assert_eq!(moved, install(text, "/other", &Event::ALL).unwrap());
    let fewer = install(&installed, BIN, &[Event::Stop]).unwrap();
    assert_eq!(fewer, install(text, BIN, &[Event::Stop]).unwrap());
    let asking = install_with_approvals(&installed, BIN, &Event::ALL).unwrap();
    let found = entries(&asking).unwrap();
    assert!(found.iter().all(|entry| entry.approvals));
    assert!(
        found
            .iter()
            .all(|entry| entry.binary.as_deref() == Some(BIN))
    );
    let again = install_with_approvals(&asking, BIN, &Event::ALL).unwrap();
    assert_eq!(again, asking);
    assert_eq!(install(&asking, BIN, &Event::ALL).unwrap(), installed);
    assert_eq!(uninstall(&asking).unwrap(), text, "{asking}");
}

#[test]
fn what_waits_for_an_answer_prints_it_and_has_time() {
    let events = [Event::PermissionRequest, Event::Stop];
    let installed = install_with_approvals(r#"{"a":1}"#, "/bin/sm", &events).unwrap();
    expect![[r#"{"a":1,"hooks":{"PermissionRequest":[{"hooks":[{"type":"command","command":": session-manager-hook; test -x '/bin/sm' || exit 0; '/bin/sm' hook --ask 2>/dev/null || exit 0","timeout":3660}]}],"Stop":[{"hooks":[{"type":"command","command":": session-manager-hook; test -x '/bin/sm' || exit 0; '/bin/sm' hook --ask >/dev/null 2>&1 || exit 0","timeout":5}]}]}}"#]]
    .assert_eq(&installed);
    let plain = install("{}", "/bin/sm", &events).unwrap();
    assert!(
        entries(&plain)
            .unwrap()
            .iter()
            .all(|entry| !entry.approvals)
    );
}

#[test]
fn entries_take_the_layout_that_is_there() {
    check(
        "{}\n",
        expect![[r#"
        {
          "hooks": {
            "Stop": [
              {
                "hooks": [
                  {
                    "type": "command",
                    "command": ": session-manager-hook; test -x '/bin/sm' || exit 0; '/bin/sm' hook >/dev/null 2>&1 || exit 0",
                    "timeout": 5
                  }
                ]
              }
            ]
          }
        }
    "#]],
    );
    check(
        "{\n  \"model\": \"opus\"\n}\n",
        expect![[r#"
        {
          "model": "opus",
          "hooks": {
            "Stop": [
              {
                "hooks": [
                  {
                    "type": "command",
                    "command": ": session-manager-hook; test -x '/bin/sm' || exit 0; '/bin/sm' hook >/dev/null 2>&1 || exit 0",
                    "timeout": 5
                  }
                ]
              }
            ]
          }
        }
    "#]],
    );
    check(
        "{\"model\":\"opus\",\"n\":1.50}",
        expect![[
            r#"{"model":"opus","n":1.50,"hooks":{"Stop":[{"hooks":[{"type":"command","command":": session-manager-hook; test -x '/bin/sm' || exit 0; '/bin/sm' hook >/dev/null 2>&1 || exit 0","timeout":5}]}]}}"#
        ]],
    );
    check(
        "{\n\t\"hooks\": {\n\t\t\"Stop\": [\n\t\t\t{ \"hooks\": [] }\n\t\t],\n\t\t\"SessionEnd\": []\n\t}\n}\n",
        expect![[r#"
            {
            	"hooks": {
            		"Stop": [
            			{ "hooks": [] },
            			{
            				"hooks": [
            					{
            						"type": "command",
            						"command": ": session-manager-hook; test -x '/bin/sm' || exit 0; '/bin/sm' hook >/dev/null 2>&1 || exit 0",
            						"timeout": 5
            					}
            				]
            			}
            		],
            		"SessionEnd": []
            	}
            }
        "#]],
    );
}

#[test]
fn what_was_there_comes_back_byte_for_byte() {
    for text in [
        "{}",
        "{ }",
        "{\n}\n",
        "\n {\n\n } \n",
        "{\r\n  \"a\": 1\r\n}\r\n",
        "{\"hooks\":{}}",
        "{\"hooks\": { } }",
        "{\n  \"hooks\": {}\n}\n",
        "{\n  \"hooks\": {\n  }\n}\n",
        "{\n    \"hooks\": {\n        \"Stop\": [],\n        \"SessionEnd\": [ ]\n    }\n}",
        "{\"hooks\":{\"Stop\":[]}}",
        "{\"hooks\":{\"PreToolUse\":[{\"matcher\":\"Bash\",\"hooks\":[{\"type\":\"command\",\"command\":\"x\"}]}]}}",
        "{ \"big\": 1234567890123456789012345678901234567890, \"e\": 1e400, \"f\": 1.0, \"s\": \"\\ud800 \\/ \u{2028}\" }",
        "{\n\t\"permissions\": { \"allow\": [\"Bash(ls:*)\"] },\n\n\t\"hooks\": {\n\t\t\"Stop\": [{ \"hooks\": [{ \"type\": \"command\", \"command\": \": other\" }] }]\n\t},\n\t\"z\": null\n}\n",
        "{\n  \"hooks\": {\"UserPromptSubmit\": [\n    {\"hooks\": []}\n  ]},\n  \"a\": {\"a\": 1}, \"a\": 2\n}",
    ] {
        there_and_back(text);
    }
}

#[test]
fn what_others_added_since_stays() {
    let installed = install("{\n  \"a\": 1\n}\n", BIN, &[Event::Stop]).unwrap();
    let beside = installed.replace(
        "\"timeout\": 5\n          }",
        "\"timeout\": 5\n          }, {\"type\": \"command\", \"command\": \"theirs\"}",
    );
    let left = uninstall(&beside).unwrap();
    assert!(left.contains("theirs") && !left.contains(MARK), "{left}");
    let value: serde_json::Value = serde_json::from_str(&installed).unwrap();
    // Claude Code writes the file anew when a setting is changed in it.
    let rewritten = serde_json::to_string_pretty(&value).unwrap();
    assert_eq!(uninstall(&rewritten).unwrap(), "{\n  \"a\": 1\n}");
    let squeezed = serde_json::to_string(&value).unwrap();
    assert_eq!(uninstall(&squeezed).unwrap(), "{\"a\":1}");
}

#[test]
fn what_is_not_plain_json_is_refused() {
    let refused = |text: &str| install(text, BIN, &[Event::Stop]).unwrap_err();
    assert_eq!(
        refused("{\n  // mine\n}"),
        Refusal::NotJson { line: 2, column: 3 }
    );
    for text in [
        "",
        " ",
        "{\"a\":1,}",
        "{'a':1}",
        "{} {}",
        "{\"a\":01}",
        "\u{feff}{}",
    ] {
        assert!(matches!(refused(text), Refusal::NotJson { .. }), "{text}");
    }
    for text in ["[]", "null", "\"{}\""] {
        assert_eq!(refused(text), Refusal::NotAnObject);
    }
    for text in [
        "{\"hooks\":[]}",
        "{\"hooks\":null}",
        "{\"hooks\":{\"Stop\":{}}}",
        "{\"hooks\":{\"Stop\":1}}",
    ] {
        assert!(matches!(refused(text), Refusal::Shape { .. }), "{text}");
    }
    for text in [
        "{\"hooks\":{},\"hooks\":{}}",
        "{\"hooks\":{\"Stop\":[],\"Stop\":[]}}",
    ] {
        assert!(matches!(refused(text), Refusal::Twice { .. }), "{text}");
    }
    assert_eq!(disables_hooks("{\"disableAllHooks\": true}"), Ok(true));
    assert_eq!(disables_hooks("{\"disableAllHooks\":false}"), Ok(false));
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just(" "),
        Just("\n"),
        Just("\n  "),
        Just("\r\n\t"),
        Just("\n\n    ")
    ]
}

/// JSON with whitespace wherever there may be any.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-1.50e+3".to_owned()),
        "[ -~äß]{0,6}".prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        let items = || proptest::collection::vec((space(), inner.clone(), space()), 0..4);
        prop_oneof![
            (items(), space())
                .prop_map(|(items, end)| container("[", "]", &items, end, |_| String::new())),
            (items(), space()).prop_map(|(items, end)| container(
                "{",
                "}",
                &items,
                end,
                |i| format!("\"k{i}\" : ")
            )),
        ]
    })
}

fn container(
    open: &str,
    close: &str,
    items: &[(&str, String, &str)],
    end: &str,
    name: impl Fn(usize) -> String,
) -> String {
    let items: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(i, (before, value, after))| format!("{before}{}{value}{after}", name(i)))
        .collect();
    let end = if items.is_empty() { end } else { "" };
    format!("{open}{}{end}{close}", items.join(","))
}

proptest! {
    #[test]
    fn any_settings_come_back(
        before in proptest::collection::vec((space(), value(), space()), 0..3),
        list in proptest::collection::vec((space(), value(), space()), 0..3),
        (lead, gap, end) in (space(), space(), space()),
        hooks in 0..4,
    ) {
        let list = container("[", "]", &list, gap, |_| String::new());
        let inner = match hooks {
            0 => None,
            1 => Some(format!("{{{gap}}}")),
            2 => Some(format!("{{{gap}\"Stop\":{lead}{list}{end}}}")),
            _ => Some(format!("{{\"Other\":7,{gap}\"Stop\":{lead}{list},\"PostToolUse\":[]{end}}}")),
        };
        let mut items = before;
        let at = items.len();
        items.extend(inner.map(|inner| (gap, inner, end)));
        let name = |i| if i == at { "\"hooks\": ".to_owned() } else { format!("\"m{i}\":{gap}") };
        let text = format!("{lead}{}{end}", container("{", "}", &items, gap, name));
        let installed = install(&text, BIN, &Event::ALL).unwrap();
        prop_assert_eq!(entries(&installed).unwrap().len(), Event::ALL.len());
        prop_assert_eq!(install(&installed, BIN, &Event::ALL).unwrap(), installed.clone());
        prop_assert_eq!(uninstall(&installed).unwrap(), text);
    }

    #[test]
    fn no_text_makes_it_panic(text in ".{0,200}") {
        let object = text.trim().starts_with('{');
        prop_assert!(install(&text, BIN, &Event::ALL).is_err() || object);
    }
}
