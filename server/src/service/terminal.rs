//! The terminal of a session that we hold: what it shows, what is typed there, and its size.
//!
//! Does not know what the keys do. What is typed is not noted, but that something is (`typed`): it may be a password.

use std::{io, time::Duration};

use futures_util::{Stream, stream};
use tokio::time::{Instant, sleep_until, timeout};
use wire::{
    Above, Caller, Code, DriveOutcome, Driven, HolderKind, KeysRequest, Picture, ResizeRequest,
    ScreenNews, SessionId, Who,
};

use super::{Seat, Service, ServiceError};
use crate::hold::{
    client::Client,
    protocol::{Asked, Do, Reply, Told},
};

/// Between two pictures of one terminal for one client.
const PACE: Duration = Duration::from_millis(50);

/// A holder that knows what is asked for answers at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Until keys that were asked for have been pressed; they wait for a message that is being typed.
const REPLY: Duration = Duration::from_secs(15);

impl Service {
    /// Tells what a session's terminal shows.
    pub async fn screen(&self, who: Who, above: Above) -> Result<Picture, ServiceError> {
        let mut client = self.terminal(who).await?;
        first(&mut client, above).await
    }

    /// Types in a session's terminal.
    pub async fn press(
        &self,
        who: Who,
        request: KeysRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        self.refuse_when_degraded()?;
        if let Some(held) = self.meant(&who).await
            && held.kind == HolderKind::Pty
        {
            self.note_typed(&held, &request, &by).await?;
        }
        let KeysRequest { text, keys } = request;
        self.have(who, Do::Keys { text, keys }, by).await
    }

    /// Gives a session's terminal another size.
    pub async fn resize(
        &self,
        who: Who,
        request: ResizeRequest,
        by: Caller,
    ) -> Result<Driven, ServiceError> {
        let ResizeRequest { columns, rows } = request;
        if !(2..=500).contains(&columns) || !(1..=200).contains(&rows) {
            let sentence = "A terminal has 2 to 500 columns and 1 to 200 rows.";
            return Err(ServiceError::told(Code::BadRequest, sentence));
        }
        self.have(who, Do::Resize { columns, rows }, by).await
    }

    /// Tells what a session's terminal shows, and whatever changes it; of what nobody has taken only the newest. Begins once it
    /// is asked for something.
    pub fn look(&self, id: SessionId) -> impl Stream<Item = ScreenNews> + Send + use<> {
        let service = self.clone();
        stream::unfold(Looking::First, move |looking| {
            let (service, who) = (service.clone(), Who::Session(id.clone()));
            async move { looking.next(&service, who).await }
        })
    }

    async fn terminal(&self, who: Who) -> Result<Client, ServiceError> {
        match self.seat(who).await? {
            Seat::Held(client) => Ok(client),
            Seat::Tmux { attach } => {
                let sentence =
                    format!("The session's terminal is tmux's; look at it there: {attach}");
                Err(ServiceError::told(Code::NotHeld, sentence))
            }
        }
    }

    async fn have(&self, who: Who, what: Do, by: Caller) -> Result<Driven, ServiceError> {
        self.refuse_when_degraded()?;
        let session_id = match self.meant(&who).await {
            Some(held) => held.now.session_id,
            // Says why it can't be.
            None => {
                return Err(self
                    .terminal(who)
                    .await
                    .err()
                    .unwrap_or_else(ServiceError::ended));
            }
        };
        let mut client = self.terminal(who).await?;
        let asked = async {
            let asked = Asked::Do { id: 1, by, what };
            client.ask(&asked).await.ok()?;
            loop {
                match client.next().await.ok()?? {
                    Told::Reply { id: 1, reply } => return Some(reply),
                    Told::End => return None,
                    Told::Hello { .. }
                    | Told::Now(_)
                    | Told::Events { .. }
                    | Told::Delta { .. }
                    | Told::Caught { .. }
                    | Told::Screen { .. }
                    | Told::Picture(_)
                    | Told::Reply { .. }
                    | Told::Unknown => {}
                }
            }
        };
        let reply = timeout(REPLY, asked).await.map_err(|_| silent())?;
        match reply.ok_or_else(ServiceError::ended)? {
            Reply::Done {
                outcome, seq, note, ..
            } => Ok(Driven {
                ok: true,
                session_id,
                outcome,
                seq,
                uuid: None,
                note,
            }),
            Reply::Decided { .. } => Ok(Driven {
                ok: true,
                session_id,
                outcome: DriveOutcome::Unknown,
                seq: 0,
                uuid: None,
                note: None,
            }),
            Reply::Refused { code, sentence } => Err(ServiceError::told(code, sentence)),
        }
    }
}

/// How far one client has come in looking.
enum Looking {
    First,
    On {
        client: Box<Client>,
        has: Box<Picture>,
        /// No earlier.
        next: Instant,
    },
    Over,
}

impl Looking {
    async fn next(self, service: &Service, who: Who) -> Option<(ScreenNews, Self)> {
        let end = |reason: String| Some((ScreenNews::End { reason }, Self::Over));
        match self {
            Self::First => {
                let begun = async {
                    let mut client = service.terminal(who).await?;
                    let picture = first(&mut client, Above::default()).await?;
                    Ok::<_, ServiceError>((client, picture))
                };
                match begun.await {
                    Ok((client, picture)) => {
                        let news = ScreenNews::Whole {
                            picture: picture.clone(),
                        };
                        Some((news, Self::on(Box::new(client), Box::new(picture))))
                    }
                    Err(error) => end(error.to_string()),
                }
            }
            Self::On {
                mut client,
                has,
                next,
            } => {
                sleep_until(next).await;
                match other(&mut client, Some(has.rev), 0).await {
                    Ok(Some(newer)) => {
                        let news = has.news(&newer);
                        Some((news, Self::on(client, Box::new(newer))))
                    }
                    Ok(None) | Err(_) => end(ServiceError::ended().to_string()),
                }
            }
            Self::Over => None,
        }
    }

    fn on(client: Box<Client>, has: Box<Picture>) -> Self {
        Self::On {
            client,
            has,
            next: Instant::now() + PACE,
        }
    }
}

async fn first(client: &mut Client, above: Above) -> Result<Picture, ServiceError> {
    let looked = timeout(PATIENCE, other(client, None, above.lines)).await;
    let looked = looked.map_err(|_| {
        let sentence = "The session's holder does not tell what its terminal shows; one that is older than this server can't: attach to it, or start the session again with resume.";
        ServiceError::told(Code::Unresponsive, sentence)
    })?;
    looked.ok().flatten().ok_or_else(ServiceError::ended)
}

/// Waits for a picture that is not the one of this number; `None` where the session has ended.
async fn other(client: &mut Client, after: Option<u64>, above: u32) -> io::Result<Option<Picture>> {
    client.ask(&Asked::Look { after, above }).await?;
    loop {
        match client.next().await? {
            Some(Told::Picture(picture)) => return Ok(Some(picture)),
            Some(Told::End) | None => return Ok(None),
            Some(
                Told::Hello { .. }
                | Told::Now(_)
                | Told::Events { .. }
                | Told::Delta { .. }
                | Told::Caught { .. }
                | Told::Screen { .. }
                | Told::Reply { .. }
                | Told::Unknown,
            ) => {}
        }
    }
}

fn silent() -> ServiceError {
    let sentence = "The session does not answer; interrupt it, or end it with kill.";
    ServiceError::told(Code::Unresponsive, sentence)
}
