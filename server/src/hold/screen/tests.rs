use proptest::prelude::*;

use super::{emulator::HISTORY, *};

fn screen(columns: u16, rows: u16) -> Screen {
    Screen::new(Size::new(columns, rows))
}

/// What a client sees and does: the picture, the cursor, and whatever a redraw sets.
fn state(screen: &Screen) -> (Vec<Vec<Run>>, Vec<bool>, Option<Position>, String, TermMode) {
    let columns = screen.term.columns();
    // That the last line goes on would show only once there were another, and where a character is written over the last
    // of a line, that is forgotten.
    let cursors = [&screen.term.grid().cursor, &screen.term.grid().saved_cursor];
    let is_told = |number| {
        !cursors.iter().any(|cursor| {
            let is_last = cursor.point.column.0 + 1 == columns;
            cursor.input_needs_wrap && is_last && cursor.point.line == line(number)
        })
    };
    let wrapped = (0..screen.term.screen_lines() - 1)
        .filter(|number| is_told(*number))
        .map(|number| picture::wraps(&screen.term.grid()[line(number)], columns))
        .collect();
    (
        screen.styled_rows(),
        wrapped,
        // Where lines are counted from the first that scrolls, one can't go to those above.
        screen
            .cursor()
            .filter(|_| !screen.term.mode().contains(TermMode::ORIGIN)),
        screen.title().to_owned(),
        // Clients stay on one screen.
        *screen.term.mode() - TermMode::ALT_SCREEN,
    )
}

/// Another terminal that shows the picture of this one.
fn copy(original: &Screen) -> Screen {
    let mut copy = Screen::new(original.size());
    // It may have shown anything before.
    copy.feed(
        "\x1b[31;4mX\x1b[?6h\x1b[4h\x1b(0\x1b[2;3r\x1b[?7l\x1b[?1003h\x1b[?2004h日".as_bytes(),
    );
    let answers = copy.feed(&original.redraw()).answers;
    assert_eq!(answers, b"");
    copy
}

#[test]
fn text_and_styles_are_kept() {
    let mut screen = screen(20, 3);
    let fed = screen.feed("\x1b]0;\u{2733} Title\x07a\x1b[1;38;2;1;2;3mb\x1b[m \x1b[7;4:3m日\x1b[0;41m  \x1b[m\r\n\x1b]8;;https://example.com/\x1b\\e\u{301}\x1b]8;;\x1b\\".as_bytes());
    assert_eq!(fed.answers, b"");
    assert_eq!(screen.title(), "\u{2733} Title");
    assert_eq!(screen.rows(), ["ab 日", "e\u{301}", ""]);
    assert_eq!(screen.cursor(), Some(Position { row: 1, column: 1 }));
    let rows = screen.styled_rows();
    let run = |text: &str, columns, style| Run {
        text: text.to_owned(),
        columns,
        style,
        link: None,
    };
    let plain = Style::default();
    let bold = Style {
        bold: true,
        foreground: Colour::Rgb(1, 2, 3),
        ..plain
    };
    let wavy = Style {
        inverse: true,
        underline: Underline::Curly,
        ..plain
    };
    let red = Style {
        background: Colour::Indexed(1),
        ..plain
    };
    let first = [
        run("a", 1, plain),
        run("b ", 2, bold),
        run("日", 2, wavy),
        run("  ", 2, red),
    ];
    assert_eq!(rows[0], first);
    assert_eq!(rows[1][0].link.as_deref(), Some("https://example.com/"));
    assert_eq!(rows[2], []);
}

#[test]
fn words_of_one_style_are_one_run() {
    let mut screen = screen(40, 2);
    screen.feed(b"\x1b[31mone two\x1b[m  \x1b[32mthree\x1b[44m four\x1b[4m five \x1b[m six   ");
    let rows = screen.styled_rows();
    let texts: Vec<&str> = rows[0].iter().map(|run| run.text.as_str()).collect();
    assert_eq!(texts, ["one two  ", "three", " ", "four", " five ", " six"]);
    assert_eq!(rows[0].iter().map(|run| run.columns).sum::<u16>(), 29);
    screen.feed("\r\n\u{1f469}\u{200d}\u{1f4bb}\x1b[2;3H \x1b[2;5Hx".as_bytes());
    assert_eq!(screen.rows()[1], "\u{1f469}  x");
}

#[test]
fn the_program_gets_its_answers_and_clients_no_questions() {
    let mut screen = screen(20, 3);
    let fed = screen.feed(b"ab\x1b[>0q\x1b[?u\x1b]7501;?\x07\x1b[6n\x1b]11;?\x1b\\\x1b[c\x1b[mc");
    let answers = format!(
        "\x1bP>|session-manager {}\x1b\\\x1b[?0u\x1b[1;3R\x1b[?6c",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(
        fed.answers.escape_ascii().to_string(),
        answers.as_bytes().escape_ascii().to_string()
    );
    assert_eq!(fed.shown, b"ab\x1b[mc");
    let fed = screen.feed(
        b"\x1b[?2026$p\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[?1016$p\x1b[18t",
    );
    assert_eq!(
        fed.answers.escape_ascii().to_string(),
        r"\x1b[?2026;2$y\x1b[?1016;0$y\x1b[8;3;20t"
    );
    assert_eq!(fed.shown, b"");
}

#[test]
fn who_looks_on_gets_a_new_picture_when_the_screen_changes() {
    let mut screen = screen(20, 3);
    screen.feed(b"first");
    let mut client = copy(&screen);
    for written in [
        &b"\x1b[?1049h\x1b[2J\x1b[Hsecond"[..],
        b"\x1b[?1049l",
        b" again",
        b"\x1bcnew",
    ] {
        let fed = screen.feed(written);
        assert!(!fed.shown.windows(5).any(|five| five == b"?1049"));
        client.feed(&fed.shown);
        assert_eq!(state(&client), state(&screen));
    }
    assert_eq!(screen.rows()[0], "new");
}

#[test]
fn lines_that_leave_the_screen_are_kept_up_to_a_number() {
    let mut screen = screen(20, 3);
    let numbers: String = (0..2000)
        .map(|number| format!("\x1b[3{}m{number}\r\n", number % 7))
        .collect();
    screen.feed(numbers.as_bytes());
    assert_eq!(screen.history_len(), HISTORY);
    let lines = screen.history(998..1002);
    let text: Vec<&str> = lines.iter().map(|runs| runs[0].text.as_str()).collect();
    assert_eq!(text, ["1996", "1997"]);
    assert_eq!(screen.rows(), ["1998", "1999", ""]);
    // Where a line would take much, none are kept.
    screen.resize(Size::new(300, 3));
    screen.feed(numbers.as_bytes());
    assert_eq!(screen.history_len(), 0);
}

#[test]
fn accents_and_links_are_bounded() {
    let mut screen = screen(100, 3);
    let extras = |screen: &Screen| -> usize {
        let mut all = Vec::new();
        for number in 0..screen.history_len() + 3 {
            let row = &screen.term.grid()[line(number) - screen.history_len()];
            let cells = (0..100).map(|column| &row[Column(column)]);
            all.extend(
                cells.filter_map(|cell| Some((Arc::as_ptr(cell.extra.as_ref()?), cost(cell)))),
            );
        }
        all.sort_unstable();
        all.dedup();
        all.iter().map(|(_, cost)| cost).sum()
    };
    let accents = "\u{301}".repeat(1_000_000);
    screen.feed(format!("e{accents}").as_bytes());
    assert!(extras(&screen) < 300_000);
    let link = "x".repeat(3000);
    for number in 0..5000 {
        screen.feed(format!("\x1b]8;;http://{number}/{link}\x07l{number}\r\n").as_bytes());
    }
    assert!(extras(&screen) < EXTRAS + 6 * PACE, "{}", extras(&screen));
    assert!((100..HISTORY).contains(&screen.history_len()));
}

#[test]
fn a_redraw_in_the_middle_of_something_long_is_not_spoilt_by_its_rest() {
    let mut screen = screen(20, 3);
    let mut client = copy(&screen);
    client.feed(&screen.feed(b"a\x1b]52;c;").shown);
    assert_eq!(client.rows()[0], "a");
    client.feed(&screen.feed(&[b'A'; 10_000]).shown);
    let mut late = copy(&screen);
    let rest = screen.feed(b"AAAA\x07b").shown;
    client.feed(&rest);
    late.feed(&rest);
    assert_eq!(screen.rows()[0], "ab");
    assert_eq!(state(&client), state(&screen));
    assert_eq!(state(&late), state(&screen));
}

/// Bytes of the kind that a terminal gets, and of any other.
fn written() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![Just(0_u32), 0..5_u32, 0..40_u32, Just(65_535), Just(99_999)];
    let numbers = prop::collection::vec(number, 0..4).prop_map(|numbers| {
        let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
        numbers.join(";")
    });
    // Left out are `CSI Z`, with which the emulator goes back and still believes that it is at the end of the line,
    // `CSI b`, which repeats a character that was written before somebody looked on, and `CSI g`: where tabs stop is
    // not told.
    let control = ("[?<>= ]?", numbers.clone(), "[ $!]?", "[@-Y\\[-ac-fh-~]").prop_map(
        |(marker, numbers, more, last)| {
            format!("\x1b[{}{numbers}{more}{last}", marker.trim()).into_bytes()
        },
    );
    let style = prop_oneof![
        numbers.prop_map(|numbers| format!("\x1b[{numbers}m")),
        (0..256_u32).prop_map(|colour| format!("\x1b[38;5;{colour}m")),
        (0..256_u32).prop_map(|colour| format!("\x1b[48;2;{colour};0;9m")),
        Just("\x1b[4:3m\x1b[58:5:9m".to_owned()),
    ];
    let mode = (
        prop::sample::select(vec![
            1, 3, 6, 7, 25, 47, 1000, 1002, 1003, 1004, 1006, 1049, 2004, 2026, 2031,
        ]),
        prop::sample::select(vec!['h', 'l']),
    )
        .prop_map(|(mode, set)| format!("\x1b[?{mode}{set}"));
    // A joiner is followed by what it joins, or it is not shown.
    let characters = prop::sample::select(vec![
        "日本",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "\u{1f1e9}\u{1f1ea}",
        "e\u{301}",
        "\u{fe0f}",
        "ไทย",
        "\t",
        "\r\n",
        "\r",
        "\x08",
        "\x0b",
        "\x0e",
        "\x0f",
        "\u{9b}31m",
        "\x1b7",
        "\x1b8",
        "\x1b(0",
        "\x1bM",
        "\x1bD",
        "\x1bc",
        "\x1b#8",
        "\x1b=",
        "\x1b>",
        "\x1b]8;;http://a/\x07",
        "\x1b]8;;\x07",
        "\x1b]0;title\x07",
        "\x1b]2;",
        "\x1b[>5u",
        "\x1b[<u",
        "\x1b[2 q",
    ]);
    let piece = prop_oneof![
        4 => control,
        3 => style.prop_map(String::into_bytes),
        2 => mode.prop_map(String::into_bytes),
        4 => characters.prop_map(|text| text.as_bytes().to_vec()),
        4 => "[ -~]{1,30}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {

    #[test]
    fn a_redraw_shows_the_same(
        parts in prop::collection::vec((written(), 2..40_u16, 1..12_u16, any::<bool>()), 1..4),
    ) {
        let mut screen = screen(20, 6);
        for (bytes, columns, rows, is_resized) in &parts {
            screen.feed(bytes);
            if *is_resized {
                screen.resize(Size::new(*columns, *rows));
            }
            let copy = copy(&screen);
            prop_assert_eq!(copy.rows(), screen.rows());
            prop_assert_eq!(state(&copy), state(&screen));
        }
    }

    #[test]
    fn who_looks_on_sees_the_same(
        before in written(),
        after in prop::collection::vec(written(), 1..4),
    ) {
        let mut screen = screen(20, 6);
        screen.feed(&before);
        let mut client = copy(&screen);
        for bytes in &after {
            client.feed(&screen.feed(bytes).shown);
        }
        // One that joined nothing was not told.
        let seen = |screen: &Screen| screen.rows().join("\n").replace('\u{200d}', "");
        prop_assert_eq!(seen(&client), seen(&screen));
    }

    #[test]
    fn where_it_is_cut_makes_no_difference(bytes in written(), cut in 0..500_usize) {
        let (mut whole, mut cut_in_two) = (screen(20, 6), screen(20, 6));
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        whole.feed(&bytes);
        cut_in_two.feed(first);
        cut_in_two.feed(second);
        prop_assert_eq!(state(&whole), state(&cut_in_two));
    }
}
