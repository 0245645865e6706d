//! The files of the standalone page, compiled in.

use crate::http::answer::{self, Answer};

/// One file of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asset {
    Page,
    Script,
    StandIn,
    Style,
    Icon,
}

impl Asset {
    pub(crate) fn answer(self) -> Answer {
        let (content_type, body): (_, &[u8]) = match self {
            Self::Page => (
                "text/html; charset=utf-8",
                include_bytes!("../page/index.html"),
            ),
            Self::Script => (
                "text/javascript; charset=utf-8",
                include_bytes!(env!("SESSION_MANAGER_PAGE")),
            ),
            Self::StandIn => (
                "text/javascript; charset=utf-8",
                include_bytes!("../page/standalone.js"),
            ),
            Self::Style => (
                "text/css; charset=utf-8",
                include_bytes!("../page/standalone.css"),
            ),
            Self::Icon => ("image/svg+xml", include_bytes!("../../../icon.svg")),
        };
        answer::asset(content_type, body)
    }
}
