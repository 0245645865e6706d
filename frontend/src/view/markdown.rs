//! Markdown as elements: text nodes, and links that say where they lead.

use leptos::prelude::*;

use crate::{
    model::Msg,
    screen::markdown::{Block, Run},
    view::{
        Send,
        bound::{all, press},
        icon::{COPY, icon},
    },
};

pub(super) fn blocks_view(blocks: Vec<Block>, send: Send) -> AnyView {
    all(blocks, |block| block_view(block, send))
}

pub(super) fn block_view(block: Block, send: Send) -> AnyView {
    match block {
        Block::Paragraph(runs) => {
            view! { <p class="sm-md-p" dir="auto">{runs_view(runs)}</p> }.into_any()
        }
        Block::Heading(level, runs) => {
            // The page has headings of its own, above all of these.
            view! { <h4 class="sm-md-h" data-level=level.to_string() dir="auto">{runs_view(runs)}</h4> }.into_any()
        }
        Block::Code { language, text } => code(language, text, send),
        Block::Quote(blocks) => {
            view! { <blockquote class="sm-md-quote">{blocks_view(blocks, send)}</blockquote> }
                .into_any()
        }
        Block::List { start, items } => {
            let items = all(items, |item| {
                view! { <li>{blocks_view(item, send)}</li> }.into_any()
            });
            match start {
                Some(start) => {
                    view! { <ol class="sm-md-list" start=start.to_string()>{items}</ol> }.into_any()
                }
                None => view! { <ul class="sm-md-list" role="list">{items}</ul> }.into_any(),
            }
        }
        Block::Table(mut rows) => {
            let rest = rows.split_off(rows.len().min(1));
            let head = rows.pop().unwrap_or_default();
            let head = all(head, |cell| {
                view! { <th dir="auto">{runs_view(cell)}</th> }.into_any()
            });
            let rest = all(rest, |row| {
                let cells = all(row, |cell| {
                    view! { <td dir="auto">{runs_view(cell)}</td> }.into_any()
                });
                view! { <tr>{cells}</tr> }.into_any()
            });
            view! {
                // It scrolls when it is wide, so the keyboard must reach it.
                <div class="sm-md-table" tabindex="0" role="group" aria-label="Table">
                    <table><thead><tr>{head}</tr></thead><tbody>{rest}</tbody></table>
                </div>
            }
            .into_any()
        }
        Block::Rule => view! { <hr class="sm-md-rule"/> }.into_any(),
    }
}

fn code(language: String, text: String, send: Send) -> AnyView {
    let copied = text.clone();
    view! {
        <div class="sm-md-code">
            <div class="sm-md-bar">
                <span>{language}</span>
                <button
                    type="button"
                    class="sm-copy"
                    aria-label="Copy code"
                    title="Copy"
                    on:click=press(move || send.run(Msg::Copy(copied.clone())))
                >
                    {icon(COPY)}
                </button>
            </div>
            <pre tabindex="0"><code>{text}</code></pre>
        </div>
    }
    .into_any()
}

fn runs_view(runs: Vec<Run>) -> AnyView {
    all(runs, |run| match run {
        Run::Text(text) => text.into_any(),
        Run::Code(text) => view! { <code class="sm-md-exact">{text}</code> }.into_any(),
        Run::Strong(runs) => view! { <strong>{runs_view(runs)}</strong> }.into_any(),
        Run::Emphasis(runs) => view! { <em>{runs_view(runs)}</em> }.into_any(),
        Run::Struck(runs) => view! { <s>{runs_view(runs)}</s> }.into_any(),
        Run::Link { to, runs, plain } => {
            let shown = if plain {
                String::new()
            } else {
                format!(" ({to})")
            };
            view! {
                <a class="sm-md-link" href=to rel="noopener noreferrer" target="_blank">{runs_view(runs)}</a>
                <bdi class="sm-md-target">{shown}</bdi>
            }
            .into_any()
        }
        Run::Break => view! { <br/> }.into_any(),
    })
}
