//! Two hundred requests at once, over real processes and sockets: decided twice, given up, run out of time, and asked about again
//! by a client whose connection broke. Each is decided at most once, and with its own input.

use std::collections::BTreeMap;

use tokio::task::JoinSet;

use super::*;

const REQUESTS: u64 = 200;
/// Every third one is asked by a process, the others over a socket of this one.
const PROCESS_EVERY: u64 = 3;
/// Long enough for the first ones to be decided, and short enough for the last ones to run out of it meanwhile.
const WAIT: Duration = Duration::from_millis(1_500);

/// What a request came to at its hook.
#[derive(Debug, PartialEq)]
enum Got {
    Decision(Value),
    Nothing,
    /// The hook has given up.
    Gone,
}

/// A number that differs from request to request, the same in each run.
fn scattered(i: u64, salt: u64) -> u64 {
    let mut x = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 31;
    x.wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
}

fn session(i: u64) -> String {
    format!("{i:08x}-832b-4ee0-81ee-71daf226ca30")
}

/// Commands and questions in turn, each with its number in it.
fn call(i: u64) -> (&'static str, Value) {
    if i.is_multiple_of(2) {
        ("Bash", json!({ "command": format!("echo {i}") }))
    } else {
        let questions = json!([{ "question": format!("Which of {i}?") }]);
        ("AskUserQuestion", json!({ "questions": questions }))
    }
}

fn answered(i: u64) -> Verdict {
    let mut verdict = allow();
    if !i.is_multiple_of(2) {
        let answer = (format!("Which of {i}?"), format!("the answer to {i}"));
        verdict.answers = BTreeMap::from([answer]);
    }
    verdict
}

async fn by_process(home: &Path, i: u64, gives_up: bool) -> Got {
    let (tool, input) = call(i);
    let mut child = hook(home, &payload(&session(i), tool, &input), &[]).await;
    if gives_up {
        tokio::time::sleep(Duration::from_millis(scattered(i, 1) % 900)).await;
        child.start_kill().unwrap();
        child.wait().await.unwrap();
        return Got::Gone;
    }
    printed(child).await.map_or(Got::Nothing, Got::Decision)
}

async fn by_socket(desk: &TestDesk, i: u64, gives_up: bool) -> Got {
    let (tool, input) = call(i);
    let ask = Asking {
        session_id: session(i).parse().unwrap(),
        tool: tool.to_owned(),
        input,
        ..asking("")
    };
    let mut line = desk.connect().await;
    line.say(&Said::Ask { ask }).await;
    if gives_up {
        tokio::time::sleep(Duration::from_millis(scattered(i, 1) % 900)).await;
        return Got::Gone;
    }
    match line.verdict().await {
        Some(Told::Decided { output }) => {
            line.say(&Said::Delivered).await;
            Got::Decision(output)
        }
        _ => Got::Nothing,
    }
}

/// Decides a request as soon as it stands in the list or later. A client that reconnects has lost the answer to its first try.
async fn decide(desk: Arc<TestDesk>, i: u64, verdict: Verdict, salt: u64) -> Option<bool> {
    let deadline = tokio::time::Instant::now() + 2 * WAIT;
    let mine: SessionId = session(i).parse().unwrap();
    let approval = loop {
        let open = desk.desk.open();
        if let Some(found) = open.into_iter().find(|open| open.session_id == mine) {
            break found;
        }
        if tokio::time::Instant::now() > deadline {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let (tool, input) = call(i);
    assert_eq!((approval.tool.as_str(), &approval.input), (tool, &input));
    // A third of them is decided when the time runs out.
    let pause = if i % 3 == 1 {
        WAIT - Duration::from_millis(100) + Duration::from_millis(scattered(i, salt) % 200)
    } else {
        Duration::from_millis(scattered(i, salt) % 1_200)
    };
    tokio::time::sleep(pause).await;
    if salt == 3 {
        let broken = Duration::from_millis(scattered(i, 4) % 4);
        let first = timeout(broken, desk.decide(&approval, verdict.clone())).await;
        if let Ok(first) = first {
            return Some(first.is_ok());
        }
    }
    Some(desk.decide(&approval, verdict).await.is_ok())
}

#[tokio::test]
async fn each_request_is_decided_at_most_once_and_with_its_own_input() {
    let desk = Arc::new(TestDesk::open(WAIT));
    let mut hooks = JoinSet::new();
    let mut clients = JoinSet::new();
    for i in 0..REQUESTS {
        let gives_up = i % 5 == 4;
        let asked = Arc::clone(&desk);
        hooks.spawn(async move {
            // Not all in the same moment: a machine of two cores is to have some of each at any time.
            tokio::time::sleep(Duration::from_millis(scattered(i, 9) % 2_000)).await;
            let got = if i.is_multiple_of(PROCESS_EVERY) {
                by_process(asked.path(), i, gives_up).await
            } else {
                by_socket(&asked, i, gives_up).await
            };
            (i, got)
        });
        // Two who contradict each other, and one of them on a bad line.
        for (salt, verdict) in [(2, answered(i)), (3, deny(&format!("no to {i}")))] {
            let desk = Arc::clone(&desk);
            clients.spawn(async move { (i, salt, decide(desk, i, verdict, salt).await) });
        }
    }
    let got: BTreeMap<u64, Got> = hooks.join_all().await.into_iter().collect();
    let mut decided: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (i, salt, done) in clients.join_all().await {
        if done == Some(true) {
            decided.entry(i).or_default().push(salt);
        }
    }
    assert_eq!(got.len() as u64, REQUESTS);
    let mut counts = [0; 4];
    for (i, got) in &got {
        let winners = decided.get(i).cloned().unwrap_or_default();
        assert!(winners.len() <= 1, "{i} was decided by {winners:?}");
        let (allowed, denied) = (winners == [2], winners == [3]);
        match got {
            Got::Decision(output) => {
                counts[0] += 1;
                let decision = decision(output);
                if decision["behavior"] == "deny" {
                    // Whoever decided may not have heard that it was they.
                    assert!(!allowed, "{i}");
                    assert_eq!(decision["message"], format!("no to {i}"));
                } else {
                    assert!(allowed, "{i}: {decision} although {winners:?}");
                    let (_, mut input) = call(*i);
                    if i.is_multiple_of(2) {
                        assert_eq!(decision.get("updatedInput"), None);
                    } else {
                        let question = format!("Which of {i}?");
                        input["answers"] = json!({ question: format!("the answer to {i}") });
                        assert_eq!(decision["updatedInput"], input);
                    }
                }
            }
            Got::Nothing => {
                counts[1] += 1;
                assert!(
                    winners.is_empty(),
                    "{i} was decided, and its hook has nothing"
                );
            }
            Got::Gone => counts[2] += 1,
        }
        counts[3] += usize::from(denied);
    }
    assert!(desk.desk.open().is_empty());
    // The race has to be one: something of each kind.
    let [decided, released, gone, denied] = counts;
    assert_eq!(gone, 40);
    assert!(decided > 20 && denied > 5, "{counts:?}");
    assert!(released > 5, "{counts:?}");
}
