//! What the server makes of files that are not quite reports.

use super::*;

#[test]
fn only_a_regular_file_of_the_home_s_owner_about_its_own_session_counts() {
    let home = TestHome::new();
    assert_eq!((home.report(), home.reports().all()), (None, vec![]));
    home.hook(ASK);
    let report = fs::read(home.file(SESSION)).unwrap();

    fs::write(home.file(OTHER_ID), &report).unwrap();
    assert_eq!(home.reports().of(&id(OTHER_ID)), None);
    assert_eq!(home.reports().all().len(), 1);

    let target = home.path().join("target");
    fs::rename(home.file(SESSION), &target).unwrap();
    symlink(&target, home.file(SESSION)).unwrap();
    assert_eq!(home.report(), None);

    fs::remove_file(home.file(SESSION)).unwrap();
    mknodat(CWD, home.file(SESSION), FileType::Fifo, Mode::RWXU, 0).unwrap();
    assert_eq!(home.report(), None);

    fs::remove_file(home.file(SESSION)).unwrap();
    let padding = " ".repeat(1 << 20);
    fs::write(home.file(SESSION), [&report, padding.as_bytes()].concat()).unwrap();
    assert_eq!(home.report(), None);

    fs::write(home.file(SESSION), &report).unwrap();
    assert!(home.report().is_some());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(home.file(SESSION), Some(65534), None).unwrap();
        assert_eq!(home.report(), None);
    }
}

#[test]
fn a_home_that_leads_to_another_user_s_reports_has_none() {
    let (home, theirs) = (TestHome::new(), TestHome::new());
    theirs.hook(ASK);
    symlink(theirs.path().join(".local"), home.path().join(".local")).unwrap();
    // One's own may lie on another disk.
    assert!(home.report().is_some());
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(home.path(), Some(65534), None).unwrap();
        assert_eq!((home.report(), home.reports().all()), (None, vec![]));
    }
}
