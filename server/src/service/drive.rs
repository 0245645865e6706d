//! Talking to the sessions that we hold, and deciding what they ask.

use std::path::Path;

use wire::{
    Act, Always, Approvals, AuditTarget, Caller, CancelRequest, CancelScope, Code, DecideRequest,
    Decided, DecidedBy, DecisionOutcome, Driven, HolderKind, MessageRequest, ModelRequest,
    PermissionModeRequest, RenameRequest, RequestId, RuleAction, SessionId, SignalRequest,
    Signalled, ToolRule, Verb, Who,
};

use super::{Service, ServiceError};
use crate::{
    audit::{Deed, Outcome},
    held::{AskError, Held},
    hold::protocol::{Do, Reply},
    present,
    rules::{self, Call},
};

/// What an interrupt came to: the end of a turn, or a signal to a process that we don't hold.
#[derive(Debug)]
pub enum Interrupted {
    Turn(Driven),
    Process(Signalled),
}

impl Service {
    /// Finds the holders that are there, and hears from then on what they say.
    pub async fn meet_holders(&self) {
        self.inner.held.meet().await;
        tokio::spawn(std::sync::Arc::clone(&self.inner.held).keep_meeting());
        let (service, mut news) = (self.clone(), self.inner.held.subscribe());
        tokio::spawn(async move {
            let mut seen = crate::held::Seen::default();
            loop {
                let (pids, asks_other) = seen.look(&service.inner.held);
                service.inner.live.hear(pids, asks_other);
                if news.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Says something to a session.
    pub async fn message(
        &self,
        who: Who,
        request: MessageRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let MessageRequest { text, uuid } = request;
        if text.trim().is_empty() {
            let sentence = "The message is empty; say something.";
            return Err(ServiceError::told(Code::BadRequest, sentence));
        }
        self.drive(who, Verb::Message, Do::Message { text, uuid }, by)
            .await
    }

    /// Interrupts what a session does. One that we don't hold gets a signal, which ends every version.
    pub async fn interrupt(
        &self,
        who: Who,
        request: SignalRequest,
        by: Caller,
    ) -> Result<Interrupted, ServiceError> {
        if let Some(held) = self.meant(&who).await {
            if request.key.is_some_and(|key| key != held.now.key) {
                return Err(ServiceError::Replaced(held.now.key.pid));
            }
            let driven = self.drive(who, Verb::Interrupt, Do::Interrupt, by).await?;
            return Ok(Interrupted::Turn(driven));
        }
        let pid = match who {
            Who::Pid(pid) => pid,
            Who::Session(_) => return Err(not_held()),
        };
        let signalled = self.signal(Act::Interrupt, pid, request, by).await?;
        Ok(Interrupted::Process(signalled))
    }

    /// Ends what a session does, and the session, or all that we hold where that is said.
    pub async fn cancel(
        &self,
        who: Who,
        request: CancelRequest,
        by: Caller,
    ) -> Result<Cancel, ServiceError> {
        match request.scope {
            None => self
                .drive(who, Verb::Cancel, Do::Cancel, by)
                .await
                .map(Cancel::One),
            Some(CancelScope::All) => Ok(Cancel::All(self.cancel_all(by).await)),
            Some(CancelScope::Unknown) => {
                let sentence = "The scope of a cancel is all; leave it out for this session alone.";
                Err(ServiceError::told(Code::BadRequest, sentence))
            }
        }
    }

    pub async fn set_model(
        &self,
        who: Who,
        request: ModelRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let model = word("model", request.model)?;
        self.drive(who, Verb::Model, Do::Model { model }, by).await
    }

    pub async fn set_permission_mode(
        &self,
        who: Who,
        request: PermissionModeRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let permission_mode = word("permissionMode", request.permission_mode)?;
        let what = Do::PermissionMode { permission_mode };
        self.drive(who, Verb::PermissionMode, what, by).await
    }

    pub async fn rename(
        &self,
        who: Who,
        request: RenameRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let name = word("name", request.name)?;
        self.drive(who, Verb::Rename, Do::Rename { name }, by).await
    }

    /// Tells all that sessions ask and nobody has decided.
    pub async fn approvals(&self) -> Result<Approvals, ServiceError> {
        Ok(Approvals {
            ok: true,
            approvals: self.all_asked().await,
        })
    }

    /// Decides what a session asks, once.
    pub async fn decide(
        &self,
        id: RequestId,
        request: DecideRequest,
        by: Caller,
    ) -> Result<Decided, ServiceError> {
        let always = match request.always.clone() {
            Some(always) => Some(
                self.rule_of(&id, &request.session_id, request.decision, always)
                    .await?,
            ),
            None => None,
        };
        let (session_id, outcome) = if self.is_foreign(&id).await {
            self.decide_at_desk(&id, request, by.clone()).await?
        } else {
            self.decide_held(&id, request, by.clone()).await?
        };
        let (rule, note) = match always {
            None => (None, None),
            Some(rule) => self.keep_rule(rule, by).await,
        };
        Ok(Decided {
            ok: true,
            id,
            session_id,
            outcome,
            by: DecidedBy::Person,
            rule,
            note,
        })
    }

    async fn decide_held(
        &self,
        id: &RequestId,
        request: DecideRequest,
        by: Caller,
    ) -> Result<(SessionId, DecisionOutcome), ServiceError> {
        let who = Who::Session(request.session_id);
        let what = Do::Decide {
            id: id.clone(),
            decision: request.decision,
            decided_by: DecidedBy::Person,
            reason: request.reason,
            answers: request.answers,
            permission_mode: request.permission_mode,
        };
        let (held, reply) = self.asked(who, Verb::Decide, what, by).await?;
        match reply {
            Reply::Decided { outcome } => Ok((held.now.session_id, outcome)),
            Reply::Done { .. } | Reply::Refused { .. } => Err(nonsense()),
        }
    }

    /// The rule that a decision is to be made into.
    async fn rule_of(
        &self,
        id: &RequestId,
        session_id: &SessionId,
        decision: DecisionOutcome,
        always: Always,
    ) -> Result<ToolRule, ServiceError> {
        let bad = |sentence: &str| ServiceError::told(Code::BadRequest, sentence);
        let action = match decision {
            DecisionOutcome::Allow => RuleAction::Allow,
            DecisionOutcome::Deny => RuleAction::Deny,
            DecisionOutcome::Withdrawn | DecisionOutcome::Unknown => {
                return Err(bad("The decision is allow or deny."));
            }
        };
        let approvals = self.all_asked().await;
        // Whoever started it may not know that `/clear` has given it another id.
        let held = self.inner.held.find(&Who::Session(session_id.clone()));
        let ids: Vec<SessionId> = held
            .map(|held| held.now.session_id)
            .into_iter()
            .chain([session_id.clone()])
            .collect();
        let asked = approvals
            .iter()
            .find(|approval| approval.id == *id && ids.contains(&approval.session_id));
        let asked = asked.ok_or_else(|| {
            let sentence =
                "Nobody asks that, or not any more; take what is asked from GET /approvals.";
            ServiceError::told(Code::NoApproval, sentence)
        })?;
        if !matches!(asked.ask, wire::Ask::Permission { .. }) {
            return Err(bad(
                "Questions and plans are for a person each time; leave always out.",
            ));
        }
        let session = present::core_session_id(&asked.session_id);
        let call = Call {
            tool: &asked.tool,
            input: &asked.input,
            cwd: Path::new(&asked.cwd),
            home: Some(&self.inner.config.home),
            session: Some(&session),
            is_cwd_sure: true,
        };
        let exactly = || rules::exactly(&call);
        let pattern = always.pattern.or_else(exactly);
        // Without a pattern it would be about every call of the tool, which nobody has seen.
        let pattern = pattern.ok_or_else(|| {
            bad("No rule can be made of this very call; give a pattern, or leave always out.")
        })?;
        Ok(ToolRule {
            id: String::new(),
            tool: asked.tool.clone(),
            pattern: Some(pattern),
            action,
            scope: always.scope,
            expires_at: always.expires_at,
        })
    }

    /// Adds a rule; returns its id, or what a person should know where there is none.
    async fn keep_rule(&self, rule: ToolRule, by: Caller) -> (Option<String>, Option<String>) {
        let is_new = |kept: &&ToolRule| {
            (&kept.tool, &kept.pattern, kept.action) == (&rule.tool, &rule.pattern, rule.action)
        };
        match self.add_rule(rule.clone(), by).await {
            Ok(set) => {
                let kept = set.rules.iter().rev().find(is_new);
                (kept.map(|kept| kept.id.clone()), set.note)
            }
            Err(error) => (None, Some(format!("No rule was made of it. {error}"))),
        }
    }

    /// The session that is meant, `None` where we don't hold it. One that was cleared is still found by the id that it was started
    /// with, unless another session has that conversation open by now.
    pub(super) async fn meant(&self, who: &Who) -> Option<Held> {
        let held = self.inner.held.find(who)?;
        let Who::Session(id) = who else {
            return Some(held);
        };
        if held.now.session_id == *id {
            return Some(held);
        }
        let id = present::core_session_id(id);
        let is_open = move |inner: &super::Inner| {
            let sessions = inner.look()?.sample.sessions();
            Ok(sessions
                .iter()
                .any(|session| session.session_id() == Some(&id)))
        };
        match self.blocking(is_open).await {
            Ok(false) => Some(held),
            Ok(true) | Err(_) => None,
        }
    }

    async fn cancel_all(&self, by: Caller) -> wire::Cancelled {
        let mut tasks = tokio::task::JoinSet::new();
        for held in self.inner.held.held() {
            let (service, by) = (self.clone(), by.clone());
            let id = held.now.session_id;
            tasks.spawn(async move {
                let who = Who::Session(id.clone());
                let done = service.drive(who, Verb::Cancel, Do::Cancel, by).await;
                // One that has ended meanwhile is what was asked for.
                let failed = done.err().filter(|error| error.code() != Code::Ended);
                wire::CancelledSession {
                    session_id: id,
                    error: failed.map(|error| error.to_string()),
                }
            });
        }
        let mut sessions = tasks.join_all().await;
        sessions.sort_by(|one, other| one.session_id.cmp(&other.session_id));
        wire::Cancelled {
            ok: sessions.iter().all(|session| session.error.is_none()),
            sessions,
        }
    }

    async fn drive(
        &self,
        who: Who,
        verb: Verb,
        what: Do,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let written = self.written(&who).await?;
        let (held, reply) = self.asked(who, verb, what, by).await?;
        let Reply::Done {
            outcome,
            seq,
            uuid,
            note,
        } = reply
        else {
            return Err(nonsense());
        };
        Ok(Driven {
            ok: true,
            session_id: held.now.session_id,
            outcome,
            seq: written.unwrap_or(seq),
            uuid,
            note,
        })
    }

    /// How far the transcript goes of a session that is held in a terminal: its events are those of the transcript, and
    /// numbered by it. `None` for any other.
    async fn written(&self, who: &Who) -> Result<Option<u64>, ServiceError> {
        let Some(held) = self.inner.held.find(who) else {
            return Ok(None);
        };
        match held.kind {
            HolderKind::Pty => {}
            HolderKind::Stdio | HolderKind::Tmux | HolderKind::Unknown => return Ok(None),
        }
        let id = present::core_session_id(&held.now.session_id);
        self.blocking(move |inner| {
            let found = inner.locate(&inner.look()?.homes, &id);
            Ok(Some(found.map_or(0, |found| found.transcript.size_bytes)))
        })
        .await
    }

    /// Has the holder of a session do something, and notes it.
    async fn asked(
        &self,
        who: Who,
        verb: Verb,
        what: Do,
        by: Caller,
    ) -> Result<(Held, Reply), ServiceError> {
        self.refuse_when_degraded()?;
        let held = self.meant(&who).await.ok_or_else(not_held)?;
        let deed = Deed {
            verb,
            by: by.clone(),
            target: Some(AuditTarget {
                key: Some(held.now.key),
                session_id: Some(held.now.session_id.clone()),
                cwd: Some(held.now.cwd.clone()),
            }),
        };
        let plan = present::audit::driven(&what);
        let asked = self.inner.held.ask(&held.dir, what, by).await;
        let asked = asked.map_err(|error| match error {
            AskError::Refused { code, sentence } => ServiceError::told(code, sentence),
            AskError::Gone | AskError::Connect(_) => ServiceError::told(
                Code::Ended,
                "The session has ended; start it again with resume.",
            ),
            AskError::Silent => ServiceError::told(
                Code::Unresponsive,
                "The session does not answer; interrupt it, or end it with kill.",
            ),
        });
        let outcome = match &asked {
            Ok(reply) => present::audit::replied(reply),
            Err(error) => present::audit::refused(error),
        };
        self.note(deed, plan, outcome).await;
        asked.map(|reply| (held, reply))
    }

    pub(super) async fn note(&self, deed: Deed, plan: Option<String>, outcome: Outcome) {
        let noted = self.unhurried(move |inner| {
            let record = inner.audit.begin(deed, plan);
            Ok(record.end(outcome))
        });
        if let Ok(Some(problem)) = noted.await {
            tracing::warn!(problem, "the audit log");
        }
    }
}

/// What came of a cancel.
#[derive(Debug)]
pub enum Cancel {
    One(Driven),
    All(wire::Cancelled),
}

fn word(field: &str, value: String) -> Result<String, ServiceError> {
    let fits =
        !value.trim().is_empty() && value.len() <= 200 && !value.chars().any(char::is_control);
    if fits {
        return Ok(value);
    }
    let sentence =
        format!("{field} has 1 to 200 characters and none of them controls; correct it.");
    Err(ServiceError::told(Code::BadRequest, sentence))
}

fn nonsense() -> ServiceError {
    ServiceError::fault(
        "The session's holder answers something else than was asked",
        "a reply of another kind",
    )
}

fn not_held() -> ServiceError {
    ServiceError::told(
        Code::NotHeld,
        "This session is not held here: it runs in its own terminal or program, or has ended. Go on there, attach to it where it runs in tmux, or go on in a copy with POST /sessions {\"resume\":\"<id>\",\"fork\":true}.",
    )
}
