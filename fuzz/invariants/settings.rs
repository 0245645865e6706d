//! `settings.json`: putting our hooks in and taking them out again gives the very text from before, and nobody else's
//! settings change in between.

use serde_json::Value;
use session_core::{
    hook::Event,
    settings::{disables_hooks, entries, install, uninstall},
};

const BINARY: &str = "/opt/it's here/session-manager";

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(found) = entries(text) else {
        assert!(install(text, BINARY, &Event::ALL).is_err());
        assert!(disables_hooks(text).is_err());
        // There is nothing of ours in what is no settings.
        assert_eq!(uninstall(text).as_deref(), Ok(text));
        return;
    };
    let without = uninstall(text).unwrap();
    assert_eq!(entries(&without).unwrap(), []);
    if found.is_empty() {
        assert_eq!(without, text);
    }
    let Ok(installed) = install(text, BINARY, &Event::ALL) else {
        return;
    };
    let ours = entries(&installed).unwrap();
    assert_eq!(ours.len(), Event::ALL.len());
    assert!(
        ours.iter()
            .all(|entry| entry.binary.as_deref() == Some(BINARY))
    );
    let again = install(&installed, BINARY, &Event::ALL).unwrap();
    assert_eq!(again, installed, "installing twice");
    if found.is_empty() {
        assert_eq!(uninstall(&installed).unwrap(), text, "the way back");
        assert_eq!(others(&installed), others(text));
    }
    assert_eq!(disables_hooks(&installed), disables_hooks(text));
}

/// Everything but hooks. `None` for what serde_json does not hold, such as half a surrogate pair.
fn others(text: &str) -> Option<Value> {
    let mut settings: Value = serde_json::from_str(text).ok()?;
    settings.as_object_mut()?.remove("hooks");
    Some(settings)
}
