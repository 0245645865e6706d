//! Which conversations may be meant by a few characters, where there are many.

use std::fs;

use session_manager::service::{Called, Service};

use crate::{client::config, test_claude::age};

/// More than there are titles that are read.
const COUNT: u64 = 260;
const READ: usize = 200;

/// The first is the newest.
fn id(number: u64) -> String {
    format!("{number:04x}abcd-0000-4000-8000-000000000000")
}

fn title(number: u64) -> String {
    format!("title-{number}")
}

fn called(service: &Service, said: &str) -> Called {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(service.called(said)).unwrap()
}

#[test]
fn the_newest_are_known_by_their_titles_and_all_by_their_ids() {
    let home = tempfile::tempdir().unwrap();
    let project = home.path().join(".claude/projects/-p");
    fs::create_dir_all(&project).unwrap();
    let service = Service::new(config(home.path())).unwrap();
    let write = |number: u64| {
        let path = project.join(format!("{}.jsonl", id(number)));
        let title = title(number);
        let lines = format!(
            "{{\"type\":\"user\",\"message\":{{\"role\":\"user\",\"content\":\"x\"}}}}\n{{\"type\":\"custom-title\",\"customTitle\":\"{title}\"}}\n"
        );
        fs::write(&path, lines).unwrap();
        age(&path, number);
    };
    (0..READ as u64).for_each(write);
    let found = called(&service, "nobody");
    assert_eq!((found.titles, found.sessions.len()), (None, READ));
    (READ as u64..COUNT).for_each(write);
    let found = called(&service, "nobody");
    assert_eq!((found.titles, found.sessions.len()), (Some(READ), READ));
    let has = |number: u64| {
        let titles = found.sessions.iter().filter_map(|one| one.title.clone());
        titles.into_iter().any(|one| one == title(number))
    };
    assert!(has(0) && has(READ as u64 - 1) && !has(READ as u64));
    // The oldest of all, by what its id begins with.
    let said = id(COUNT - 1);
    let found = called(&service, said.get(..8).unwrap());
    assert_eq!(found.sessions.len(), READ + 1);
    let last = found.sessions.last().unwrap();
    assert_eq!(last.session_id.as_str(), said);
    assert_eq!(last.title, Some(title(COUNT - 1)));
}
