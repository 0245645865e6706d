use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

fn check(markdown: &str, expected: &Expect) {
    let mut lines = String::new();
    outline(&blocks(markdown), 0, &mut lines);
    expected.assert_eq(&lines);
}

fn outline(blocks: &[Block], depth: usize, lines: &mut String) {
    for block in blocks {
        let mut line = |text: String| lines.push_str(&format!("{}{text}\n", "  ".repeat(depth)));
        match block {
            Block::Paragraph(runs) => line(inline(runs)),
            Block::Heading(level, runs) => line(format!("h{level} {}", inline(runs))),
            Block::Code { language, text } => line(format!("code[{language}] {text:?}")),
            Block::Quote(inner) => {
                line("quote".to_owned());
                outline(inner, depth + 1, lines);
            }
            Block::List { start, items } => {
                line(format!("list {start:?}"));
                for item in items {
                    outline(item, depth + 1, lines);
                }
            }
            Block::Table(rows) => {
                for row in rows {
                    let cells: Vec<String> = row.iter().map(|cell| inline(cell)).collect();
                    line(format!("| {}", cells.join(" | ")));
                }
            }
            Block::Rule => line("---".to_owned()),
        }
    }
}

fn inline(runs: &[Run]) -> String {
    let one = |run: &Run| match run {
        Run::Text(text) => text.replace('\n', "⏎"),
        Run::Code(code) => format!("`{code}`"),
        Run::Strong(runs) => format!("*{}*", inline(runs)),
        Run::Emphasis(runs) => format!("/{}/", inline(runs)),
        Run::Struck(runs) => format!("~{}~", inline(runs)),
        Run::Link { to, runs, plain } => format!("<{to} {plain}: {}>", inline(runs)),
        Run::Break => "↵".to_owned(),
    };
    runs.iter().map(one).collect()
}

#[test]
fn what_models_write() {
    check(
        "# Plan\n\nFirst **this**, *then* `that`\nand ~~not~~ more.\n\n1. one\n   - inner\n2. two\n\n- [x] done\n- [ ] open\n\n\
         ```rust,no_run\nfn main() {}\n\n```\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | `2` |\n\n---\n",
        &expect![[r#"
            h1 Plan
            First *this*, /then/ `that`⏎and ~not~ more.
            list Some(1)
              one
              list None
                inner
              two
            list None
              ☑ done
              ☐ open
            code[rust] "fn main() {}\n"
            quote
              quoted
            | a | b
            | 1 | `2`
            ---
        "#]],
    );
}

#[test]
fn nothing_is_asked_of_the_browser() {
    check(
        "<img src=x onerror=alert(1)> and <b>bold</b>\n\n<script>\nhit()\n</script>\n\n![me](https://a.example/x.png) \
         [good](https://a.example/y) <https://b.example/> [bad](javascript:alert(1)) [data](data:text/html,x) \
         [file](/etc/passwd) [upper](HTTPS://c.example)",
        &expect![[r#"
            <img src=x onerror=alert(1)> and <b>bold</b>
            <script>⏎hit()⏎</script>⏎
            /Picture: me (https://a.example/x.png)/ <https://a.example/y false: good> <https://b.example/ true: https://b.example/> /bad (javascript:alert(1))/ /data (data:text/html,x)/ /file (/etc/passwd)/ <HTTPS://c.example false: upper>
        "#]],
    );
}

#[test]
fn controls_and_directions_are_seen() {
    check(
        "\u{1b}[31mred\u{202e}txt `\u{7}` [a](https://x.example/\u{202e}y)",
        &expect![[r#"
            ␛[31mred�txt `␇` <https://x.example/�y false: a>
        "#]],
    );
}

#[test]
fn what_lies_too_deep_is_flat() {
    let quoted = format!("{}deep", "> ".repeat(500));
    let depth = |mut blocks: Vec<Block>| {
        let mut depth = 0;
        while let Some(Block::Quote(inner)) = blocks.pop() {
            blocks = inner;
            depth += 1;
        }
        depth
    };
    assert_eq!(depth(blocks(&quoted)), DEPTH);
    let strong = format!("{}deep{}", "*a **b ".repeat(400), "** *".repeat(400));
    assert!(!blocks(&strong).is_empty());
}

proptest! {
    #[test]
    fn whatever_is_written_is_read(markdown in "([ \\n>*_`#|\\[\\](){}<>!~:/-]|[a-c0-2]|http://|javascript:|\\PC){0,60}") {
        let mut lines = String::new();
        outline(&blocks(&markdown), 0, &mut lines);
    }
}
