//! What a session is told, and by which request.

use wire::{
    CancelRequest, MessageRequest, ModelRequest, PermissionModeRequest, RenameRequest, Route,
    SignalRequest, Who,
};

use super::json;

/// What a session that we hold is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Drive {
    Say { uuid: String, text: String },
    Interrupt,
    End,
    Model(String),
    PermissionMode(String),
    Rename(String),
}

impl Drive {
    pub(super) fn route(&self, who: Who) -> Route {
        match self {
            Self::Say { .. } => Route::Message(who),
            Self::Interrupt => Route::Interrupt(who),
            Self::End => Route::Cancel(who),
            Self::Model(_) => Route::Model(who),
            Self::PermissionMode(_) => Route::PermissionMode(who),
            Self::Rename(_) => Route::Rename(who),
        }
    }

    pub(super) fn body(&self) -> Option<String> {
        match self {
            Self::Say { uuid, text } => json(&MessageRequest {
                text: text.clone(),
                uuid: Some(uuid.clone()),
            }),
            Self::Interrupt => json(&SignalRequest { key: None }),
            Self::End => json(&CancelRequest::default()),
            Self::Model(model) => json(&ModelRequest {
                model: model.clone(),
            }),
            Self::PermissionMode(mode) => json(&PermissionModeRequest {
                permission_mode: mode.clone(),
            }),
            Self::Rename(name) => json(&RenameRequest { name: name.clone() }),
        }
    }
}
