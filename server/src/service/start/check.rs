//! What of a start can't be right whatever the machine looks like.

use wire::{Code, StartRequest};

use crate::service::ServiceError;

pub(super) fn check(request: &StartRequest) -> Result<(), ServiceError> {
    let bad = |sentence: &str| Err(ServiceError::told(Code::BadRequest, sentence));
    if request.resume.is_some() && request.continue_newest {
        return bad(
            "resume and continue exclude each other; name the conversation, or have the newest taken.",
        );
    }
    if request.fork && request.resume.is_none() && !request.continue_newest {
        return bad("fork needs resume or continue; it says from where.");
    }
    let words = [
        ("model", &request.model),
        ("permissionMode", &request.permission_mode),
        ("effort", &request.effort),
        ("worktree", &request.worktree),
        ("name", &request.name),
    ];
    for (field, value) in words {
        let Some(value) = value else { continue };
        if value.len() > 200 || value.chars().any(char::is_control) {
            return bad(&format!(
                "{field} has at most 200 characters and none of them controls; correct it."
            ));
        }
    }
    if request
        .prompt
        .as_deref()
        .is_some_and(|prompt| prompt.trim().is_empty())
    {
        return bad("The prompt is empty; say something, or leave it out.");
    }
    let has_nul = |text: &Option<String>| text.as_deref().is_some_and(|text| text.contains('\0'));
    if has_nul(&request.cwd) {
        return bad("cwd has a NUL, which no path can have; correct it.");
    }
    Ok(())
}
