//! Markdown as blocks and runs of text: what a model writes, made fit to be shown.
//!
//! Knows which parts there are. Makes nothing of what a text asks a browser for: raw HTML is text, a picture is its
//! description and its address, and only an address with `http` or `https` becomes a link, whose target stands beside it.

use std::iter::Peekable;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::text;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Paragraph(Vec<Run>),
    /// From 1, the largest, to 6.
    Heading(u8, Vec<Run>),
    Code {
        /// What its author calls its language, empty for nothing.
        language: String,
        text: String,
    },
    Quote(Vec<Self>),
    List {
        /// The first number, `None` for bullets.
        start: Option<u64>,
        items: Vec<Vec<Self>>,
    },
    /// The first row is the heading.
    Table(Vec<Vec<Vec<Run>>>),
    Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    Text(String),
    Code(String),
    Strong(Vec<Self>),
    Emphasis(Vec<Self>),
    Struck(Vec<Self>),
    Link {
        /// Begins with `http://` or `https://`.
        to: String,
        runs: Vec<Self>,
        /// The text says where it leads; otherwise that stands beside it.
        plain: bool,
    },
    Break,
}

/// Blocks and runs lie in each other at most so deep: what lies deeper stands where its surroundings do.
const DEPTH: usize = 16;
/// The most characters of one text.
pub(crate) const LONGEST: usize = 100_000;

pub(crate) fn blocks(markdown: &str) -> Vec<Block> {
    let markdown = text::start(markdown, LONGEST);
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut events = Parser::new_ext(&markdown, options).peekable();
    let mut blocks = Vec::new();
    while events.peek().is_some() {
        blocks.extend(some_blocks(&mut events, DEPTH));
        // An end without a beginning would keep us here for ever.
        events.next();
    }
    blocks
}

/// Reads blocks up to the end of what is around them, which is left.
fn some_blocks<'a>(
    events: &mut Peekable<impl Iterator<Item = Event<'a>>>,
    depth: usize,
) -> Vec<Block> {
    let mut blocks = Vec::new();
    while let Some(event) = events.peek() {
        match event {
            Event::End(_) => break,
            Event::Rule => {
                events.next();
                blocks.push(Block::Rule);
            }
            Event::Start(tag) => match block_tag(tag) {
                Some(kind) => {
                    events.next();
                    blocks.extend(one_block(kind, events, depth));
                    events.next();
                }
                None => loose(events, &mut blocks, depth),
            },
            Event::Text(_)
            | Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::TaskListMarker(_) => loose(events, &mut blocks, depth),
        }
    }
    blocks
}

/// Text that no paragraph is around, as in the items of a tight list.
fn loose<'a>(
    events: &mut Peekable<impl Iterator<Item = Event<'a>>>,
    blocks: &mut Vec<Block>,
    depth: usize,
) {
    let runs = some_runs(events, depth);
    if !runs.is_empty() {
        blocks.push(Block::Paragraph(runs));
    }
}

enum Kind {
    Paragraph,
    Heading(u8),
    Code(String),
    Quote,
    List(Option<u64>),
    Table,
    /// What lies in it stands for itself.
    Through,
}

/// The blocks among the tags; `None` for those of runs.
fn block_tag(tag: &Tag<'_>) -> Option<Kind> {
    Some(match tag {
        Tag::Paragraph | Tag::HtmlBlock => Kind::Paragraph,
        Tag::Heading { level, .. } => Kind::Heading(*level as u8),
        Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
            let language = info.split([' ', ',', '{']).next().unwrap_or_default();
            Kind::Code(text::line(language))
        }
        Tag::CodeBlock(CodeBlockKind::Indented) => Kind::Code(String::new()),
        Tag::BlockQuote(_) => Kind::Quote,
        Tag::List(start) => Kind::List(*start),
        Tag::Table(_) => Kind::Table,
        Tag::Item
        | Tag::TableHead
        | Tag::TableRow
        | Tag::TableCell
        | Tag::FootnoteDefinition(_)
        | Tag::DefinitionList
        | Tag::DefinitionListTitle
        | Tag::DefinitionListDefinition
        | Tag::MetadataBlock(_) => Kind::Through,
        Tag::Emphasis
        | Tag::Strong
        | Tag::Strikethrough
        | Tag::Superscript
        | Tag::Subscript
        | Tag::Link { .. }
        | Tag::Image { .. } => return None,
    })
}

fn one_block<'a>(
    kind: Kind,
    events: &mut Peekable<impl Iterator<Item = Event<'a>>>,
    depth: usize,
) -> Vec<Block> {
    let Some(deeper) = depth.checked_sub(1) else {
        let flat = words(events);
        return vec![Block::Paragraph(vec![Run::Text(flat)])];
    };
    let block = match kind {
        Kind::Paragraph => Block::Paragraph(some_runs(events, deeper)),
        Kind::Heading(level) => Block::Heading(level, some_runs(events, deeper)),
        Kind::Code(language) => {
            let code = words(events);
            let text = code.strip_suffix('\n').unwrap_or(&code).to_owned();
            Block::Code { language, text }
        }
        Kind::Quote => Block::Quote(some_blocks(events, deeper)),
        Kind::List(start) => Block::List {
            start,
            items: parts(events, |events| some_blocks(events, deeper)),
        },
        Kind::Table => Block::Table(parts(events, |events| {
            parts(events, |events| some_runs(events, deeper))
        })),
        Kind::Through => return some_blocks(events, deeper),
    };
    vec![block]
}

/// Reads what lies in each of the tags that follow, up to the end of what is around them.
fn parts<'a, I: Iterator<Item = Event<'a>>, T>(
    events: &mut Peekable<I>,
    mut read: impl FnMut(&mut Peekable<I>) -> T,
) -> Vec<T> {
    let mut parts = Vec::new();
    while matches!(events.peek(), Some(Event::Start(_))) {
        events.next();
        parts.push(read(events));
        events.next();
    }
    parts
}

/// Reads runs up to a block or an end, which is left.
fn some_runs<'a>(events: &mut Peekable<impl Iterator<Item = Event<'a>>>, depth: usize) -> Vec<Run> {
    let mut runs = Vec::new();
    let mut plain = String::new();
    loop {
        let run = match events.peek() {
            None | Some(Event::End(_) | Event::Rule) => break,
            Some(Event::Start(tag)) if block_tag(tag).is_some() => break,
            Some(
                Event::Text(text)
                | Event::Html(text)
                | Event::InlineHtml(text)
                | Event::InlineMath(text)
                | Event::DisplayMath(text)
                | Event::FootnoteReference(text),
            ) => {
                plain.push_str(text);
                events.next();
                continue;
            }
            Some(Event::SoftBreak) => {
                plain.push('\n');
                events.next();
                continue;
            }
            Some(Event::TaskListMarker(done)) => {
                plain.push_str(if *done { "☑ " } else { "☐ " });
                events.next();
                continue;
            }
            Some(Event::HardBreak) => {
                events.next();
                Run::Break
            }
            Some(Event::Code(code)) => {
                let code = text::exact(code);
                events.next();
                Run::Code(code)
            }
            Some(Event::Start(tag)) => {
                let tag = tag.clone();
                events.next();
                let run = styled(tag, events, depth);
                events.next();
                run
            }
        };
        flush(&mut plain, &mut runs);
        runs.push(run);
    }
    flush(&mut plain, &mut runs);
    runs
}

fn flush(plain: &mut String, runs: &mut Vec<Run>) {
    if !plain.is_empty() {
        runs.push(Run::Text(text::exact(plain)));
        plain.clear();
    }
}

fn styled<'a>(
    tag: Tag<'_>,
    events: &mut Peekable<impl Iterator<Item = Event<'a>>>,
    depth: usize,
) -> Run {
    let Some(deeper) = depth.checked_sub(1) else {
        return Run::Text(words(events));
    };
    if let Tag::Link { dest_url, .. } = &tag {
        return link(text::exact(dest_url), some_runs(events, deeper));
    }
    if let Tag::Image { dest_url, .. } = &tag {
        let mut runs = some_runs(events, deeper);
        runs.insert(0, Run::Text("Picture: ".to_owned()));
        return beside(runs, &text::exact(dest_url));
    }
    let runs = some_runs(events, deeper);
    if matches!(tag, Tag::Strong) {
        Run::Strong(runs)
    } else if matches!(tag, Tag::Strikethrough) {
        Run::Struck(runs)
    } else {
        // What has no look of its own leans a little.
        Run::Emphasis(runs)
    }
}

fn link(to: String, runs: Vec<Run>) -> Run {
    let web = ["http://", "https://"].iter().any(|scheme| {
        let start = to.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    if web {
        let plain = matches!(runs.as_slice(), [Run::Text(text)] if *text == to);
        Run::Link { to, runs, plain }
    } else {
        beside(runs, &to)
    }
}

/// What leads nowhere, with the address that it has.
fn beside(mut runs: Vec<Run>, to: &str) -> Run {
    runs.push(Run::Text(format!(" ({to})")));
    Run::Emphasis(runs)
}

/// Reads all text up to the end of what is around it, which is left.
fn words<'a>(events: &mut Peekable<impl Iterator<Item = Event<'a>>>) -> String {
    let (mut words, mut open) = (String::new(), 0_usize);
    while let Some(event) = events.peek() {
        match event {
            Event::Start(_) => open += 1,
            Event::End(TagEnd::Paragraph) if open > 0 => {
                open -= 1;
                words.push('\n');
            }
            Event::End(_) => match open.checked_sub(1) {
                Some(less) => open = less,
                None => break,
            },
            Event::Text(text)
            | Event::Code(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => words.push_str(text),
            Event::SoftBreak | Event::HardBreak => words.push('\n'),
            Event::Rule | Event::TaskListMarker(_) => (),
        }
        events.next();
    }
    text::exact(&words)
}

#[cfg(test)]
mod tests;
