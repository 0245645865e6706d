//! Files, addresses, and what else a tool is mostly about.

use serde_json::{Value, json};

use super::*;

#[test]
fn paths_are_where_they_lead() {
    let write = ["Write(/home/dev/**) allow"];
    file(&write, "Write", "/home/dev/x", Allow, Some("r1"));
    file(&write, "Write", "a/b", Allow, Some("r1"));
    file(&write, "Write", "../../../../etc/passwd", Ask, None);
    file(&write, "Edit", "/home/dev/x", Ask, None);
    file(&["Write(/link/**) allow"], "Write", "/link/x", Ask, None);
    file(
        &["Write(/etc/**) allow"],
        "Write",
        "/link/x",
        Allow,
        Some("r1"),
    );
    file(
        &["Write(/link/**) deny"],
        "Write",
        "/etc/x",
        Deny,
        Some("r1"),
    );
    file(
        &["Write(/etc/**) deny"],
        "Write",
        "/link/x",
        Deny,
        Some("r1"),
    );
    file(
        &["Write(src/*.rs) allow"],
        "Write",
        "src/a.rs",
        Allow,
        Some("r1"),
    );
    file(&["Write(src/*.rs) allow"], "Write", "src/a/b.rs", Ask, None);
    file(
        &["Write(src/*.rs) allow"],
        "Write",
        "/x/src/a.rs",
        Ask,
        None,
    );
    file(&["Write(.env) deny"], "Write", "/x/.env", Deny, Some("r1"));
    file(
        &["Read(~/.ssh) deny"],
        "Read",
        "/home/dev/.ssh/id",
        Deny,
        Some("r1"),
    );
    file(&["Read(~/x) allow"], "Read", "~/x", Allow, Some("r1"));
    // Where the kernel comes to by `/link/..`, and where a program does that shortens it.
    file(
        &["Write(/x) allow"],
        "Write",
        "/link/../x",
        Allow,
        Some("r1"),
    );
    file(
        &["Write(/home/**) allow"],
        "Write",
        "/proc/self/cwd/x",
        Ask,
        None,
    );
    file(
        &["Write(/etc/**) deny", "Write allow"],
        "Write",
        "/proc/self/root/etc/x",
        Ask,
        Some("r1"),
    );
    let notebook = json!({ "notebook_path": "/a.ipynb" });
    check(
        &["NotebookEdit(/a.ipynb) allow"],
        "NotebookEdit",
        &notebook,
        Allow,
        Some("r1"),
    );
    check(
        &["Write(/a) deny", "Write allow"],
        "Write",
        &json!({}),
        Ask,
        Some("r1"),
    );
    let grep = |path: &str| json!({ "path": path, "pattern": "TODO" });
    check(
        &["Grep(/home/dev/* *) allow"],
        "Grep",
        &grep("/home/dev/a"),
        Allow,
        Some("r1"),
    );
    check(
        &["Grep(/home/dev/* *) allow"],
        "Grep",
        &grep("/link"),
        Ask,
        None,
    );
    check(
        &["Grep(/etc *) deny"],
        "Grep",
        &grep("/link"),
        Deny,
        Some("r1"),
    );
    // As 2.0.30 reads them.
    for path in [" /etc/", "\u{feff}/etc"] {
        check(
            &["Grep(/etc *) deny", "Grep(**) allow"],
            "Grep",
            &grep(path),
            Deny,
            Some("r1"),
        );
    }
    check(
        &["Grep(/home/dev *) deny", "Grep(**) allow"],
        "Grep",
        &grep("~"),
        Deny,
        Some("r1"),
    );
    let glob = json!({ "pattern": "/etc/*" });
    check(&["Glob(/home/* *) allow"], "Glob", &glob, Ask, None);
}

#[test]
fn a_host_has_one_spelling() {
    let lines = [
        "WebFetch(*://evil.com/*) deny",
        "WebFetch(https://a.com/*) allow",
    ];
    for url in [
        "https://evil.com/x",
        "HTTPS://Evil.COM./x",
        "https://evil.com:443/x",
    ] {
        check(&lines, "WebFetch", &json!({ "url": url }), Deny, Some("r1"));
    }
    for url in [
        "https://x@evil.com/",
        "https://ev%69l.com/",
        "https:\\\\evil.com/",
        "https:///evil.com/x",
        "https:////evil.com/x",
        "https:evil.com/x",
    ] {
        check(&lines, "WebFetch", &json!({ "url": url }), Ask, Some("r1"));
    }
    let mine = ["WebFetch(https://a.com/me/*) allow"];
    for path in ["../you", "x/../../you", "%2e%2E/you", ".%2e/you", "./x"] {
        let url = format!("https://a.com/me/{path}");
        check(&mine, "WebFetch", &json!({ "url": url }), Ask, None);
    }
    let below = ["WebFetch(https://*.a.com/*) allow"];
    for url in [
        "https://b.com/x.a.com/",
        "https://b.com/?q=.a.com/",
        "https://b.com#.a.com/",
    ] {
        check(&below, "WebFetch", &json!({ "url": url }), Ask, None);
    }
    let url = "https://x.a.com/y";
    check(
        &below,
        "WebFetch",
        &json!({ "url": url }),
        Allow,
        Some("r1"),
    );
    let url = "https://a.com/me/x..y?z=../a";
    check(&mine, "WebFetch", &json!({ "url": url }), Allow, Some("r1"));
    check(
        &lines,
        "WebFetch",
        &json!({"url": "https://a.com/x?y"}),
        Allow,
        Some("r2"),
    );
    check(
        &lines,
        "WebFetch",
        &json!({"url": "https://a.com.b.org/x"}),
        Ask,
        None,
    );
}

#[test]
fn the_main_input_is_what_people_see() {
    let check = |tool: &str, input: Value, main: Option<&str>| {
        assert_eq!(main_input(tool, &input).as_deref(), main);
    };
    check("Bash", json!({"command": "ls", "timeout": 1}), Some("ls"));
    check("Edit", json!({"file_path": "/a"}), Some("/a"));
    check("Grep", json!({"pattern": "a", "path": "/b"}), Some("/b a"));
    check(
        "mcp__x",
        json!({"b": 1, "a": [2]}),
        Some(r#"{"a":[2],"b":1}"#),
    );
    check("Bash", json!({}), None);
    check("ExitPlanMode", json!({"plan": "x"}), None);
}
