//! `/proc/<pid>/stat`: what is read stands in the line where proc(5) says, and whatever a process calls itself, its line is
//! read.

use session_core::process::{RunState, stat::StatLine};

pub(crate) fn check(bytes: &[u8]) {
    if let Some(stat) = StatLine::parse(bytes) {
        stands_there(bytes, &stat);
    }
    let line = line_of(bytes);
    let whole = StatLine::parse(&line).expect("a line as the kernel writes it");
    stands_there(&line, &whole);
    let start = line.iter().position(|byte| *byte == b'(').unwrap();
    let end = line.iter().rposition(|byte| *byte == b')').unwrap();
    assert_eq!(
        whole.comm,
        String::from_utf8_lossy(&line[start + 1..end]),
        "the whole name"
    );
    // A part of a line is never another process.
    let first = bytes.first().copied().map_or(0, usize::from);
    for cut in (first % 16..line.len()).step_by(16) {
        if let Some(part) = StatLine::parse(&line[..cut]) {
            assert_eq!(part, whole, "cut at {cut}");
        }
    }
}

/// Compares with the fields as proc(5) numbers them.
fn stands_there(bytes: &[u8], stat: &StatLine) {
    let line = String::from_utf8_lossy(bytes);
    let (pid, rest) = line.trim().split_once('(').unwrap();
    let (comm, rest) = rest.rsplit_once(')').unwrap();
    let fields: Vec<&str> = rest.trim_start().split(' ').collect();
    // The state is field 3.
    let number = |field: usize| fields[field - 3].parse::<i128>().unwrap();
    assert_eq!(
        (stat.key.pid, stat.comm.as_str()),
        (pid.trim().parse().unwrap(), comm)
    );
    assert_eq!(i128::from(stat.key.start_ticks), number(22));
    assert_eq!(i128::from(stat.ppid), number(4));
    // -1 of a process that is being reaped.
    let led = |field| u32::try_from(number(field)).unwrap_or(0);
    assert_eq!((stat.group, stat.session), (led(5), led(6)));
    assert_eq!(i128::from(stat.terminal), number(7));
    assert_eq!(stat.foreground, u32::try_from(number(8)).ok());
    assert_eq!(i128::from(stat.rss_pages), number(24));
    let ticks = (number(14) + number(15)).min(u64::MAX.into());
    assert_eq!(i128::from(stat.cpu_ticks), ticks);
    let run_state = match fields[0] {
        "T" | "t" => RunState::Stopped,
        "Z" | "X" | "x" => RunState::Dead,
        _ => RunState::Alive,
    };
    assert_eq!(stat.run_state, run_state);
}

/// The line of a process that calls itself `name`, with numbers that depend on it.
fn line_of(name: &[u8]) -> Vec<u8> {
    // As `TASK_COMM_LEN` allows.
    let comm: Vec<u8> = name
        .iter()
        .copied()
        .filter(|byte| *byte != 0)
        .take(15)
        .collect();
    let number = |at: usize| name.get(at).copied().map_or(1, u64::from);
    let (pid, ticks) = (1 + number(0) * 16_000, number(1) << (number(2) % 56));
    let state = [b'R', b'S', b'D', b'T', b't', b'Z', b'I'][name.len() % 7] as char;
    let rest = format!(
        ") {state} {} 42 42 0 -1 4194560 1 0 0 0 {} {} 0 0 20 0 1 0 {ticks} 1000 {} 18446744073709551615 \
         1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
        number(3),
        number(4),
        number(5),
        number(6)
    );
    [format!("{pid} (").as_bytes(), &comm, rest.as_bytes()].concat()
}
