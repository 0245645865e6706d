//! Folding a transcript's lines, the newest first, until enough is known.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::{
    Digest, Talk,
    line::{self, Line},
    prompt, text,
};

/// The original program cut the last answer here, in UTF-16 units.
pub(super) const ASSISTANT_LIMIT: usize = 800;
/// Titles and prompts are shown in a row or a panel; a longer one is cut here, in UTF-16 units.
const TEXT_LIMIT: usize = 16 * 1024;
/// Summaries whose conversation has not been recognised yet; old versions wrote dozens of other conversations'.
const PENDING_LIMIT: usize = 16;

/// Folds lines into a [`Digest`], the newest first.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    prompt: Option<String>,
    away_summary: Option<String>,
    assistant: Option<Answer>,
    custom_title: Option<String>,
    agent_name: Option<String>,
    ai_title: Option<String>,
    summary: Option<String>,
    /// Leaf and text of summaries that may belong to another conversation, the newest first.
    pending: Vec<(String, String)>,
    model: Option<String>,
    /// The newest message line's, empty where it names none.
    branch: Option<String>,
    cwd: Option<String>,
    main_messages: bool,
    side_messages: bool,
    run: Option<Run>,
}

/// The newest messages, as far as they are one answer: where newer lines are joined to these, theirs may go on in it.
#[derive(Clone, Debug)]
struct Run {
    /// `None` where the newest message is a question, or has no id.
    message: Option<String>,
    /// The newest first, each cut at [`ASSISTANT_LIMIT`].
    texts: Vec<String>,
    /// An older line may still belong to it.
    open: bool,
}

/// An answer is written as one line for each of its blocks, all with the same message id.
#[derive(Clone, Debug)]
struct Answer {
    message: Option<String>,
    text: String,
    /// An older line may still carry an earlier block.
    open: bool,
}

/// One finder for each kind of line; a line without the word can't be of that kind.
struct Kinds {
    user: Finder<'static>,
    assistant: Finder<'static>,
    last_prompt: Finder<'static>,
    away_summary: Finder<'static>,
    custom_title: Finder<'static>,
    agent_name: Finder<'static>,
    ai_title: Finder<'static>,
    summary: Finder<'static>,
}

static KINDS: LazyLock<Kinds> = LazyLock::new(|| Kinds {
    user: Finder::new("\"user\""),
    assistant: Finder::new("\"assistant\""),
    last_prompt: Finder::new("\"last-prompt\""),
    away_summary: Finder::new("\"away_summary\""),
    custom_title: Finder::new("\"custom-title\""),
    agent_name: Finder::new("\"agent-name\""),
    ai_title: Finder::new("\"ai-title\""),
    summary: Finder::new("\"summary\""),
});

impl Fold {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in one line, which must be older than every line before.
    pub fn line(&mut self, bytes: &[u8]) {
        if !self.may_tell(bytes) {
            return;
        }
        if let Some(line) = line::parse::<Line>(bytes) {
            self.take(line);
        }
    }

    /// Returns whether prompt, answer, model, branch and directory are known, which every conversation has.
    /// Titles and away summaries are missing from many and may be anywhere.
    pub fn has_essentials(&self) -> bool {
        self.prompt.is_some()
            && self.assistant.as_ref().is_some_and(|answer| !answer.open)
            && self.model.is_some()
            && self.branch.is_some()
            && self.cwd.is_some()
    }

    /// Returns whether no older line can change the result.
    pub fn is_complete(&self) -> bool {
        self.has_essentials() && self.is_named() && self.away_summary.is_some()
    }

    /// Returns whether the first lines may say something that the last ones did not: see [`Self::with_head`].
    pub fn wants_head(&self) -> bool {
        let titled = self.is_named()
            || self.agent_name.is_some()
            || self.ai_title.is_some()
            || self.summary.is_some();
        !titled || self.cwd.is_none() || !self.main_messages
    }

    pub fn talk(&self) -> Talk {
        if self.main_messages {
            Talk::Conversation
        } else if self.side_messages {
            Talk::SubagentOnly
        } else {
            Talk::Silence
        }
    }

    /// Joins what `self` knows from newer lines with what `older` knows from the lines before them.
    /// A summary is recognised only where its conversation's line was in the same part.
    #[must_use]
    pub fn before(self, older: Self) -> Self {
        let assistant = match (self.assistant, &older.run) {
            (Some(mut newer), Some(run)) if newer.open => {
                newer.open = run.message == newer.message;
                if newer.open {
                    run.texts.iter().for_each(|text| newer.prepend(text));
                    newer.open = run.open;
                }
                Some(newer)
            }
            (newer, _) => newer.or(older.assistant),
        };
        let run = match (self.run, older.run) {
            (Some(newer), Some(older)) => Some(newer.before(older)),
            (newer, older) => newer.or(older),
        };
        Self {
            prompt: self.prompt.or(older.prompt),
            away_summary: self.away_summary.or(older.away_summary),
            assistant,
            custom_title: self.custom_title.or(older.custom_title),
            agent_name: self.agent_name.or(older.agent_name),
            ai_title: self.ai_title.or(older.ai_title),
            summary: self.summary.or(older.summary),
            pending: older.pending,
            model: self.model.or(older.model),
            branch: self.branch.or(older.branch),
            cwd: self.cwd.or(older.cwd),
            main_messages: self.main_messages || older.main_messages,
            side_messages: self.side_messages || older.side_messages,
            run,
        }
    }

    /// Adds what `head` says from the first lines, where lines in between were not read: its titles, its directory and
    /// that there is a conversation. Its prompt is not the last one, nor is its answer the newest.
    #[must_use]
    pub fn with_head(self, head: Self) -> Self {
        Self {
            custom_title: self.custom_title.or(head.custom_title),
            agent_name: self.agent_name.or(head.agent_name),
            ai_title: self.ai_title.or(head.ai_title),
            summary: self.summary.or(head.summary),
            cwd: self.cwd.or(head.cwd),
            main_messages: self.main_messages || head.main_messages,
            side_messages: self.side_messages || head.side_messages,
            ..self
        }
    }

    pub fn finish(self) -> Digest {
        let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
        Digest {
            last_prompt: self.prompt,
            away_summary: self.away_summary,
            last_assistant: self.assistant.map(|answer| answer.text),
            title: filled(self.custom_title)
                .or(filled(self.agent_name))
                .or(filled(self.ai_title))
                .or(filled(self.summary)),
            model: self.model,
            git_branch: self
                .branch
                .filter(|name| !name.is_empty() && name != "HEAD"),
            cwd: self.cwd,
        }
    }

    /// The person gave it a name and did not take it away again.
    fn is_named(&self) -> bool {
        self.custom_title
            .as_ref()
            .is_some_and(|name| !name.is_empty())
    }

    /// Parsing costs more than looking for a word, and what is known already needs no parsing.
    fn may_tell(&self, bytes: &[u8]) -> bool {
        let has = |kind: &Finder<'_>| kind.find(bytes).is_some();
        let kinds = &*KINDS;
        let messages = self.branch.is_none() || self.cwd.is_none() || !self.pending.is_empty();
        let answers = self.model.is_none() || self.assistant.as_ref().is_none_or(|it| it.open);
        ((messages || answers) && has(&kinds.assistant))
            // A question closes the answer before it.
            || ((messages || answers || self.prompt.is_none()) && has(&kinds.user))
            || (self.prompt.is_none() && has(&kinds.last_prompt))
            || (!self.is_named()
                && ((self.custom_title.is_none() && has(&kinds.custom_title))
                    || (self.agent_name.is_none() && has(&kinds.agent_name))
                    || (self.ai_title.is_none() && has(&kinds.ai_title))
                    || (self.summary.is_none() && has(&kinds.summary))))
            || (self.away_summary.is_none() && has(&kinds.away_summary))
    }

    fn take(&mut self, line: Line) {
        let Some(kind) = line.kind.0.as_deref() else {
            return;
        };
        match kind {
            "user" | "assistant" if line.is_sidechain.0 => self.side_messages = true,
            "user" => self.take_user(line),
            "assistant" => self.take_assistant(line),
            "system" if line.is_sidechain.0 => {}
            "system" if line.subtype.0.as_deref() == Some("away_summary") => {
                let text = line.content.into_text();
                keep_newest(&mut self.away_summary, text.filter(|it| !it.is_empty()));
            }
            "last-prompt" => {
                let text = line.last_prompt.0.filter(|it| !it.trim().is_empty());
                keep_newest(&mut self.prompt, text);
            }
            // An empty one takes the name away again, so it is kept and left out in the end.
            "custom-title" => keep_newest(&mut self.custom_title, line.custom_title.0),
            "agent-name" => keep_newest(&mut self.agent_name, line.agent_name.0),
            "ai-title" => keep_newest(&mut self.ai_title, line.ai_title.0),
            "summary" => {
                if let (Some(leaf), Some(text)) = (line.leaf_uuid.0, line.summary.0)
                    && self.summary.is_none()
                    && self.pending.len() < PENDING_LIMIT
                {
                    self.pending
                        .push((leaf, text::cut(&text, TEXT_LIMIT).to_owned()));
                }
            }
            _ => {}
        }
    }

    fn take_user(&mut self, line: Line) {
        self.take_message(&line);
        if let Some(answer) = &mut self.assistant {
            answer.open = false;
        }
        Run::add(&mut self.run, None, None);
        if self.prompt.is_none() && !line.is_aside() {
            keep_newest(&mut self.prompt, prompt::of(line.message.0.content));
        }
    }

    fn take_assistant(&mut self, line: Line) {
        self.take_message(&line);
        let message = line.message.0;
        let model = message.model.0.filter(|it| !it.is_empty());
        let synthetic = model.as_deref() == Some("<synthetic>");
        if !synthetic {
            keep_newest(&mut self.model, model);
        }
        // Put in by Claude Code where a turn was interrupted; nobody said it and nobody sees it.
        let filler = |text: &str| synthetic && text == "No response requested.";
        let text = message
            .content
            .into_text()
            .filter(|text| !text.trim().is_empty())
            .filter(|text| !filler(text));
        Run::add(&mut self.run, message.id.0.as_ref(), text.as_deref());
        match (&mut self.assistant, text) {
            (Some(answer), text) if answer.open => {
                if answer.message.is_some() && answer.message == message.id.0 {
                    answer.prepend(&text.unwrap_or_default());
                } else {
                    answer.open = false;
                }
            }
            (None, Some(text)) => {
                self.assistant = Some(Answer {
                    open: message.id.0.is_some(),
                    message: message.id.0,
                    text: text::cut(&text, ASSISTANT_LIMIT).to_owned(),
                });
            }
            (Some(_) | None, _) => {}
        }
    }

    fn take_message(&mut self, line: &Line) {
        self.main_messages = true;
        if self.branch.is_none() {
            self.branch = Some(line.git_branch.0.clone().unwrap_or_default());
        }
        if self.cwd.is_none() {
            self.cwd.clone_from(&line.cwd.0);
        }
        if let Some(uuid) = &line.uuid.0
            && let Some(at) = self.pending.iter().position(|(leaf, _)| leaf == uuid)
        {
            let (_, text) = self.pending.swap_remove(at);
            self.summary = Some(text);
            self.pending.clear();
        }
    }
}

impl Run {
    /// Takes in an older message, a question where it has no id.
    fn add(run: &mut Option<Self>, message: Option<&String>, text: Option<&str>) {
        if run.as_ref().is_some_and(|newer| !newer.open) {
            return;
        }
        let text = text.map(|text| text::cut(text, ASSISTANT_LIMIT).to_owned());
        let added = Self {
            message: message.cloned(),
            texts: text.into_iter().collect(),
            open: message.is_some(),
        };
        *run = Some(match run.take() {
            Some(newer) => newer.before(added),
            None => added,
        });
    }

    fn before(mut self, older: Self) -> Self {
        self.open &= self.message == older.message;
        if self.open {
            self.texts.extend(older.texts);
            // What stands in front counts, and no text is empty.
            let more = self.texts.len().saturating_sub(ASSISTANT_LIMIT);
            self.texts.drain(..more);
            self.open = older.open;
        }
        self
    }
}

impl Answer {
    /// Puts an earlier block in front, unless it is the same text written twice.
    fn prepend(&mut self, earlier: &str) {
        if !self.text.starts_with(earlier) {
            let whole = format!("{earlier}{}", self.text);
            text::cut(&whole, ASSISTANT_LIMIT).clone_into(&mut self.text);
        }
    }
}

fn keep_newest(field: &mut Option<String>, text: Option<String>) {
    if field.is_none() {
        *field = text.map(|text| text::cut(text.trim(), TEXT_LIMIT).to_owned());
    }
}
