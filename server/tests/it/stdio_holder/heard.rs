//! A server and the holders that others start.

use std::{sync::Arc, time::Duration};

use session_manager::{held::Holders, state_dir::StateDir};
use tokio::time::timeout;

use super::*;

/// Half of the time between two looks for holders that were not heard.
const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn one_that_another_server_starts_is_heard() {
    let home = tempfile::tempdir().unwrap();
    let ids = [
        "6ea2d000-0000-4000-8000-000000000001",
        "6ea2d000-0000-4000-8000-000000000002",
    ];
    let _first = hold(home.path(), ids[0], "first");
    let holders = Arc::new(Holders::new(StateDir::below(home.path())));
    holders.meet().await;
    assert_eq!(holders.held().len(), 1);
    let meeting = tokio::spawn(Arc::clone(&holders).keep_meeting());
    let mut news = holders.subscribe();
    let _second = hold(home.path(), ids[1], "second");
    let are_both = |_: &u64| holders.held().len() == 2;
    timeout(SOON, news.wait_for(are_both))
        .await
        .unwrap()
        .unwrap();
    meeting.abort();
}
