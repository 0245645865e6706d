//! Looking at a terminal line by line, and typing keys by their names.

use wire::{Cursor, Ink, Picture};

use super::*;

async fn look(client: &mut TestClient, after: Option<u64>, above: u32) -> Picture {
    let asked = Asked::Look { after, above };
    client.client.ask(&asked).await.unwrap();
    loop {
        match client.client.next().await.unwrap() {
            Some(Told::Picture(picture)) => return picture,
            Some(Told::Reply { .. }) => {}
            told => panic!("{told:?}"),
        }
    }
}

fn text(lines: &[Vec<wire::Run>]) -> Vec<String> {
    let text = |line: &Vec<wire::Run>| line.iter().map(|run| run.text.as_str()).collect();
    lines.iter().map(text).collect()
}

/// Looks until this is shown on a line of its own.
async fn sees(client: &mut TestClient, line: &str) -> Picture {
    let mut after = None;
    loop {
        let picture = look(client, after, 0).await;
        if text(&picture.lines).iter().any(|shown| shown == line) {
            return picture;
        }
        after = Some(picture.rev);
    }
}

fn keys(text: Option<&str>, keys: &[&str]) -> Do {
    Do::Keys {
        text: text.map(str::to_owned),
        keys: keys.iter().map(|key| key.parse().unwrap()).collect(),
    }
}

#[test]
fn what_is_shown_is_told_line_by_line_and_again_when_it_has_changed() {
    let held = hold(
        "printf '\\033]0;name\\007\\033[1;31mred\\033[m <b>\\n'; stty -echo; read line; seq 100; cat",
    );
    run(async {
        let mut client = held.connect().await;
        let first = sees(&mut client, "red <b>").await;
        assert_eq!((first.columns, first.rows), (120, 40));
        assert_eq!(first.title.as_deref(), Some("name"));
        assert_eq!(first.session_id.as_str(), ID);
        let red = &first.lines[0][0];
        assert_eq!((red.fg, red.bold), (Some(Ink::Palette(1)), true));
        let cursor = Cursor {
            column: 0,
            row: 1,
            visible: true,
        };
        assert_eq!(first.cursor, cursor);
        client.ask(keys(None, &["enter"])).await;
        let newer = sees(&mut client, "100").await;
        assert!(newer.rev > first.rev);
        assert_eq!(newer.kept, 62);
        let above = text(&look(&mut client, None, 2).await.above);
        assert_eq!(above, ["60", "61"]);
    });
}

#[test]
fn keys_are_pressed_in_their_order_and_a_text_is_pasted() {
    let held = hold("stty raw -echo; printf '\\033[?2004h\\033[?1hready'; exec cat -v");
    run(async {
        let mut client = held.connect().await;
        sees(&mut client, "ready").await;
        client.ask(keys(Some("two\nlines"), &["up", "x"])).await;
        client.ask(keys(None, &["ctrl-c", "é", "shift-tab"])).await;
        let sent = "ready^[[200~two^Mlines^[[201~^[OAx^CM-CM-)^[[Z";
        sees(&mut client, sent).await;
        let refused = client.does(keys(Some("\u{1b}[201~"), &[])).await;
        assert_eq!(refused, Err(Code::BadRequest));
    });
}

#[test]
fn whoever_looks_hears_of_the_end() {
    let held = hold("read line");
    run(async {
        let mut client = held.connect().await;
        let picture = look(&mut client, None, 0).await;
        let asked = Asked::Look {
            after: Some(picture.rev),
            above: 0,
        };
        client.client.ask(&asked).await.unwrap();
        held.connect().await.ask(keys(None, &["enter"])).await;
        // Enter shows as a new line first.
        while let Some(Told::Picture(picture)) = client.client.next().await.unwrap() {
            let after = Some(picture.rev);
            let asked = Asked::Look { after, above: 0 };
            // It may have gone.
            client.client.ask(&asked).await.ok();
        }
    });
    held.await_end();
}
