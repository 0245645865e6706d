//! A `/proc` in which every file holds whatever it likes: a process decides about its name and its arguments, and what
//! it ends in the middle of reads as anything.

use proptest::{collection::vec, prelude::*};

use crate::test_proc::TestProc;

const FILES: [&str; 8] = [
    "stat",
    "status",
    "cmdline",
    "environ",
    "wchan",
    "comm",
    "smaps_rollup",
    "task/7/children",
];

/// Bytes, or words that the readers look for with something odd behind them.
fn content() -> impl Strategy<Value = Vec<u8>> {
    let words = "(7 \\(sh\\) S|Uid:|NSpid:|Private_Dirty:|PATH=|8 |9 |-1|4294967296|18446744073709551616|\t|\n|\0| |kB|é)";
    prop_oneof![
        vec(words, 0..12).prop_map(|words| words.concat().into_bytes()),
        vec(any::<u8>(), 0..200),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_content_of_a_file_makes_a_reader_panic_or_invent_a_process(
        file in 0..FILES.len(),
        content in content(),
        uptime in "[0-9.+-]{0,24}",
    ) {
        let proc = TestProc::new();
        let process = proc.claude(7, 100).child(8);
        proc.add(8, 200);
        process.file(FILES[file], &content);
        proc.up_for(&uptime);
        let reader = proc.reader();
        let mut pids = reader.pids().unwrap();
        pids.sort_unstable();
        prop_assert_eq!(pids, [7, 8]);
        if let Some(read) = reader.process(7) {
            prop_assert!(read.argv.iter().all(|argument| !argument.contains('\0')));
            let is_intact = FILES[file] != "stat";
            prop_assert!(!is_intact || (read.key.pid, read.key.start_ticks) == (7, 100));
        } else {
            prop_assert!(["stat", "status"].contains(&FILES[file]));
        }
        let known = |pid: u32| [7, 8].contains(&pid);
        if FILES[file] != "stat" {
            prop_assert!(reader.children(7).iter().all(|child| known(child.key.pid)));
            prop_assert!(reader.table().is_ok());
        }
        reader.descendants(7);
        prop_assert_eq!(reader.lineage(7)[0], 7);
        reader.may_be_claude(7);
        reader.command(7);
        reader.private_bytes(7);
        if let Some(path) = reader.variable(7, "PATH") {
            prop_assert!(!path.contains('\0'));
        }
        if let Ok(up) = reader.uptime_ms() {
            prop_assert!(up.is_multiple_of(10), "{uptime}: {up}");
        }
        reader.last_pid();
    }

    #[test]
    fn a_name_with_anything_in_it_is_one_process(comm in vec(1..=255_u8, 0..16)) {
        let proc = TestProc::new();
        proc.add(7, 100).comm(&comm);
        let read = proc.reader().process(7).unwrap();
        prop_assert_eq!(&read.comm, &String::from_utf8_lossy(&comm));
        prop_assert_eq!((read.key.pid, read.key.start_ticks), (7, 100));
    }

    #[test]
    fn the_pid_that_was_given_last_is_a_number(load in "[0-9./ +x]{0,40}") {
        let proc = TestProc::new();
        let reader = proc.reader();
        proc.load(&load);
        if let Some(pid) = reader.last_pid() {
            let word = load.split_whitespace().nth(4).unwrap();
            prop_assert_eq!(word.trim_start_matches(['+', '0']).parse().unwrap_or(0), pid);
        }
    }
}
