//! A subagent's transcript.

use super::{
    lines::{PROMPT, call},
    *,
};

#[test]
fn a_subagents_transcript_tells_of_the_subagents_of_one_conversation() {
    let of = |conversation: &str, line: &str| {
        line.replacen(
            '{',
            &format!(r#"{{"isSidechain":true,"sessionId":"{conversation}","#),
            1,
        )
    };
    let subagent = |lines: &[String]| {
        let mut tail = Tail::of_subagent(SessionId::parse("0a0a0a0a").unwrap());
        for line in lines {
            tail.line(line.as_bytes());
        }
        tail
    };
    let mine = [of("0a0a0a0a", PROMPT), of("0a0a0a0a", &call("m", "a"))];
    assert_eq!(subagent(&mine).open()[0].id, "a");
    assert!(!subagent(&[PROMPT.to_owned(), call("m", "a")]).is_anchored());
    let foreign = subagent(&mine.map(|line| line.replace("0a0a0a0a", "0b0b0b0b")));
    assert_eq!((foreign.turn(), foreign.at()), (Turn::Silent, None));
    // Nothing is to be found further up either.
    assert!(foreign.is_anchored());
}
