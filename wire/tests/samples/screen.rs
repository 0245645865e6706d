//! What a terminal shows, and what is typed into it.

use wire::{Cursor, Ink, KeysRequest, NewLine, Picture, ResizeRequest, Run, Said, ScreenNews};

use super::*;

fn run(text: &str) -> Run {
    Run {
        text: text.to_owned(),
        ..Run::default()
    }
}

fn picture() -> Picture {
    let styled = Run {
        columns: Some(4),
        fg: Some(Ink::Palette(196)),
        bg: Some(Ink::Rgb(0x5f, 0x87, 0xff)),
        bold: true,
        dim: true,
        italic: true,
        underline: true,
        strike: true,
        inverse: true,
        ..run("日本")
    };
    Picture {
        ok: true,
        session_id: id(),
        columns: 120,
        rows: 3,
        cursor: Cursor {
            column: 2,
            row: 1,
            visible: true,
        },
        rev: 17,
        title: text("✳ Add a test"),
        kept: 212,
        above: vec![vec![run("before")]],
        lines: vec![vec![run("> "), styled], Vec::new(), vec![run("<b>")]],
    }
}

pub(super) fn screens(goldens: &mut Goldens) {
    goldens.check("screen", &picture());
    let bare = Picture {
        title: None,
        above: Vec::new(),
        ..picture()
    };
    goldens.check("screen-bare", &bare);
    let mut newer = bare.clone();
    newer.rev = 18;
    *newer.lines.get_mut(1).unwrap() = vec![run("new")];
    let changed = bare.news(&newer);
    let lines = vec![NewLine {
        row: 1,
        runs: vec![run("new")],
    }];
    assert_eq!(
        changed,
        ScreenNews::Changed {
            rev: 18,
            cursor: newer.cursor,
            title: None,
            kept: 212,
            lines,
        }
    );
    let end = ScreenNews::End {
        reason: "The session has ended.".to_owned(),
    };
    let whole = ScreenNews::Whole { picture: newer };
    for (name, screen) in [("whole", whole), ("changed", changed), ("end", end)] {
        let session_id = id();
        let frame = Frame::Screen { session_id, screen };
        goldens.check(&format!("frame-screen-{name}"), &frame);
    }
    goldens.check("said-look", &Said::Look { session_id: id() });
    let request = KeysRequest {
        text: text("two\nlines"),
        keys: ["enter", "ctrl-c", "1"]
            .map(|key| key.parse().unwrap())
            .to_vec(),
    };
    goldens.check("keys-request", &request);
    let request = ResizeRequest {
        columns: 100,
        rows: 30,
    };
    goldens.check("resize-request", &request);
}
