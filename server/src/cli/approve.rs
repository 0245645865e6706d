//! `session-manager approve`: what sessions ask, and a person's answer.

use std::{collections::BTreeMap, process::ExitCode};

use clap::{Args, ValueEnum};
use wire::{
    Always, Approval, Approvals, Ask, Code, DecideRequest, Decided, DecisionOutcome, Question,
    RuleScope, Who,
};

use super::{
    asked::{asked, one},
    drive::{EXIT_CODES, caller, push_note, tell},
    question::answer,
    said, text, who,
};
use crate::{clock, config::Config, service::ServiceError};

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(super) struct ApproveArgs {
    /// The request or the beginning of its id (at least 4 characters), or the session that asks, to look or to deny; without an
    /// answer it is shown, without this all are
    id: Option<String>,
    #[command(flatten)]
    verdict: Verdict,
    /// Decide so from now on; makes a rule of it for whom this says
    #[arg(long, value_enum, value_name = "FOR", requires = "Verdict")]
    always: Option<For>,
    /// With a plan that is allowed: the permission mode to go on in
    #[arg(long, requires = "allow", conflicts_with_all = ["deny", "answer"])]
    mode: Option<String>,
    /// Print what the API answers
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct Verdict {
    /// Let it be done
    #[arg(long, requires = "id")]
    allow: bool,
    /// Let it not be done, and tell the model why
    #[arg(long, requires = "id", value_name = "REASON")]
    deny: Option<String>,
    /// Answer a question: its number or text, and the label of an option (several, joined by a comma and a space)
    /// or words of your own
    #[arg(long, requires = "id", value_name = "QUESTION=ANSWER")]
    answer: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum For {
    /// This session
    Session,
    /// All sessions of its directory
    Project,
    /// All sessions
    All,
}

/// The beginning of an id that is not just any letter.
const SHORTEST: usize = 4;

pub(super) fn run(arguments: &ApproveArgs, config: Config) -> anyhow::Result<ExitCode> {
    answer(config, async |service| {
        service.meet_holders().await;
        let approvals = service.approvals().await?;
        let now = clock::now().0;
        let Some(id) = &arguments.id else {
            return tell(arguments.json, &approvals, asked(&approvals, now), true);
        };
        let by_id = find(&approvals, id)?;
        let approval = match by_id {
            Some(approval) => approval,
            None => of_session(&approvals, id, who::open(service, id).await)?,
        };
        if by_id.is_none() {
            refuse_unseen(&arguments.verdict, id, approval)?;
        }
        let Some(request) = request(arguments, approval)? else {
            return tell(arguments.json, approval, one(approval, now), true);
        };
        let decided = service
            .decide(approval.id.clone(), request, caller())
            .await?;
        tell(
            arguments.json,
            &decided,
            lines(&decided, &approval.ask),
            true,
        )
    })
}

/// Finds the request of this id, `None` where there is none.
fn find<'a>(approvals: &'a Approvals, said: &str) -> Result<Option<&'a Approval>, ServiceError> {
    let all = &approvals.approvals;
    let whole = all.iter().find(|one| one.id.as_str() == said);
    let meant: Vec<&Approval> = match whole {
        Some(one) => vec![one],
        None => all
            .iter()
            .filter(|one| said.len() >= SHORTEST && one.id.as_str().starts_with(said))
            .collect(),
    };
    match meant.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        several => {
            let ids = several.iter().map(|one| one.id.to_string());
            let ids = ids.collect::<Vec<_>>().join(", ");
            let sentence = format!("Several requests begin so; say which: {ids}.");
            Err(ServiceError::told(Code::BadRequest, sentence))
        }
    }
}

/// Finds the one request of a session, `who` being the one that is called so.
fn of_session<'a>(
    approvals: &'a Approvals,
    said: &str,
    who: Result<Who, ServiceError>,
) -> Result<&'a Approval, ServiceError> {
    let told = |code, sentence: &str| Err(ServiceError::told(code, sentence));
    let id = match who {
        Ok(Who::Session(id)) => id,
        Ok(Who::Pid(_)) | Err(_) if said.len() < SHORTEST => {
            let sentence = format!(
                "{} is too short for the beginning of a request's id; give at least {SHORTEST} characters, or name the session that asks.",
                text::line(said)
            );
            return told(Code::BadRequest, &sentence);
        }
        Ok(Who::Pid(_)) | Err(_) => {
            return told(
                Code::NoApproval,
                "Nobody asks this, or not any more; `session-manager approve` lists what is asked.",
            );
        }
    };
    let asked = approvals
        .approvals
        .iter()
        .filter(|one| one.session_id == id);
    match asked.collect::<Vec<_>>().as_slice() {
        [one] => Ok(*one),
        [] => {
            let sentence = format!("{} asks nothing, or not any more.", text::line(said));
            told(Code::NoApproval, &sentence)
        }
        several => {
            let ids = several.iter().map(|one| one.id.to_string());
            let ids = ids.collect::<Vec<_>>().join(", ");
            let said = text::line(said);
            let sentence = format!("{said} asks several things; say which: {ids}.");
            told(Code::BadRequest, &sentence)
        }
    }
}

/// A session may ask something else by now than what its name stood for when it was looked at. A refusal harms nothing.
fn refuse_unseen(verdict: &Verdict, name: &str, approval: &Approval) -> Result<(), ServiceError> {
    if !verdict.allow && verdict.answer.is_empty() {
        return Ok(());
    }
    let (name, asks, id) = (text::line(name), in_short(&approval.ask), &approval.id);
    let sentence = format!(
        "{name} may ask something else than before, so what is allowed is named by its id. It asks: {asks}; `session-manager approve {id}` shows all of it."
    );
    Err(ServiceError::told(Code::BadRequest, sentence))
}

/// What is decided; `None` where nothing is.
fn request(
    arguments: &ApproveArgs,
    approval: &Approval,
) -> Result<Option<DecideRequest>, ServiceError> {
    let ApproveArgs {
        verdict, always, ..
    } = arguments;
    let (decision, reason) = match (&verdict.deny, verdict.answer.is_empty()) {
        (Some(reason), _) => (DecisionOutcome::Deny, Some(reason.clone())),
        (None, false) => (DecisionOutcome::Allow, None),
        (None, true) if verdict.allow => (DecisionOutcome::Allow, None),
        (None, true) => return Ok(None),
    };
    let bad = |sentence: &str| Err(ServiceError::told(Code::BadRequest, sentence));
    if arguments.mode.is_some() && !matches!(approval.ask, Ask::Plan { .. }) {
        return bad("A permission mode goes with a plan; leave --mode out.");
    }
    if verdict.allow && matches!(approval.ask, Ask::Question { .. }) {
        return bad("A question is answered, not only allowed; say --answer 1=LABEL.");
    }
    let scope = always.map(|whom| match whom {
        For::Session => RuleScope::Session {
            session_id: approval.session_id.clone(),
        },
        For::Project => RuleScope::Project {
            dir: approval.cwd.clone(),
        },
        For::All => RuleScope::All,
    });
    Ok(Some(DecideRequest {
        session_id: approval.session_id.clone(),
        decision,
        reason,
        answers: answers(&verdict.answer, &approval.ask)?,
        always: scope.map(|scope| Always {
            scope,
            pattern: None,
            expires_at: None,
        }),
        permission_mode: arguments.mode.clone(),
    }))
}

fn answers(said: &[String], ask: &Ask) -> Result<BTreeMap<String, String>, ServiceError> {
    let questions: &[Question] = match ask {
        Ask::Question { questions } => questions,
        Ask::Permission { .. } | Ask::Plan { .. } | Ask::Text { .. } if said.is_empty() => &[],
        Ask::Permission { .. } | Ask::Plan { .. } | Ask::Text { .. } => {
            let sentence = "This is no question; say --allow or --deny.";
            return Err(ServiceError::told(Code::BadRequest, sentence));
        }
    };
    let given = said.iter().map(|said| given(said, questions));
    let answers: BTreeMap<String, String> = given.collect::<Result<_, _>>()?;
    let missing = questions
        .iter()
        .position(|one| !answers.contains_key(&one.question));
    match missing {
        Some(index) if !said.is_empty() => {
            let number = index + 1;
            let sentence = format!("Question {number} has no answer; add --answer {number}=....");
            Err(ServiceError::told(Code::BadRequest, sentence))
        }
        _ => Ok(answers),
    }
}

/// Takes an answer apart. The question may be said by its number, which none of them begins with by accident: a text
/// with an equals sign in it is tried first.
fn given(said: &str, questions: &[Question]) -> Result<(String, String), ServiceError> {
    let by_text = questions.iter().find_map(|one| {
        let answer = said.strip_prefix(&one.question)?.strip_prefix('=')?;
        Some((one.question.clone(), answer.to_owned()))
    });
    let by_number = || {
        let (number, answer) = said.split_once('=')?;
        let index = number.trim().parse::<usize>().ok()?.checked_sub(1)?;
        Some((questions.get(index)?.question.clone(), answer.to_owned()))
    };
    by_text.or_else(by_number).ok_or_else(|| {
        let said = text::line(said);
        let sentence = format!(
            "{said:?} answers none of the questions; say --answer NUMBER=LABEL, as `session-manager approve ID` numbers them."
        );
        ServiceError::told(Code::BadRequest, sentence)
    })
}

fn lines(decided: &Decided, ask: &Ask) -> String {
    let words = said::decision(decided.outcome, decided.by, None);
    let mut lines = format!("Request {}: {words} ({}).\n", decided.id, in_short(ask));
    if let Some(rule) = text::some_line(decided.rule.as_deref()) {
        lines.push_str(&format!("Rule {rule} decides so from now on.\n"));
    }
    push_note(&mut lines, decided.note.as_deref());
    lines
}

/// What is asked, in so many characters.
fn in_short(ask: &Ask) -> String {
    const LENGTH: usize = 100;
    text::cut(&text::line(&said::question(ask)), LENGTH)
}

#[cfg(test)]
mod tests;
