//! What the person must know before reading the list.

use crate::{measure, model::Model, text};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Banner {
    pub(crate) grave: bool,
    pub(crate) text: String,
    pub(crate) lines: Vec<String>,
    /// Trying again may help.
    pub(crate) retry: bool,
}

pub(crate) fn banners(model: &Model) -> Vec<Banner> {
    let live = &model.live;
    let mut banners = Vec::new();
    if let Some(trouble) = model.trouble() {
        let mut text = trouble.sentence();
        if let Some(at) = live.seen_at {
            let age = measure::age_between(at, live.now);
            text.push_str(&format!(" What is listed below is {age} old."));
        }
        banners.push(Banner {
            grave: true,
            text: text::block(&text),
            lines: Vec::new(),
            retry: true,
        });
    }
    if !model.mistakes.is_empty() {
        banners.push(Banner {
            grave: true,
            text: "The configuration has a mistake. Sessions are listed, but nothing is acted on until it is mended and \
                   the server has been started again."
                .to_owned(),
            lines: model.mistakes.iter().map(|mistake| text::line(mistake)).collect(),
            retry: false,
        });
    }
    if !live.newer.is_empty() {
        let rows = measure::count(live.newer.len(), "row comes", "rows come");
        banners.push(Banner {
            grave: false,
            text: format!("{rows} from a newer server and can't be shown. Reload the page to bring it up to date."),
            lines: Vec::new(),
            retry: false,
        });
    }
    banners
}
