//! A client that has to show a ticket: it is told that it must, and nothing else until it has.
//!
//! Does not know which tickets are good.

use futures_util::StreamExt as _;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::frame::coding::CloseCode},
};
use wire::{Auth, Said};

use super::{Parting, SERVER_ENDS, flush, hello, parting, send};
use crate::streams::{StreamLimits, Waiting};

const WRONG: Parting = Parting::Told(
    CloseCode::Policy,
    "this is no open ticket; ask for one by POST /ws-ticket and say it first",
);
const LATE: Parting = Parting::Told(CloseCode::Policy, "no ticket came in time");

/// Asks for a ticket and returns once `redeem` has taken what the client says first.
pub(super) async fn ask<S>(
    socket: &mut WebSocketStream<S>,
    limits: StreamLimits,
    waiting: &mut Waiting,
    redeem: impl FnOnce(&str) -> bool,
) -> Result<(), Parting>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let asked = async {
        send(socket, limits.send, hello(Auth::Ticket)).await?;
        first_message(socket, limits).await
    };
    let said = tokio::select! {
        () = waiting.end() => return Err(SERVER_ENDS),
        said = timeout(limits.ticket, asked) => said.map_err(|_| LATE)??,
    };
    match serde_json::from_str(&said) {
        Ok(Said::Ticket { ticket }) if redeem(&ticket) => Ok(()),
        Ok(
            Said::Ticket { .. }
            | Said::Follow { .. }
            | Said::Unfollow { .. }
            | Said::Look { .. }
            | Said::LookAway { .. },
        )
        | Err(_) => Err(WRONG),
    }
}

async fn first_message<S>(
    socket: &mut WebSocketStream<S>,
    limits: StreamLimits,
) -> Result<String, Parting>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let said = socket.next().await.ok_or(Parting::Gone)?;
        match said.map_err(|error| parting(&error))? {
            Message::Text(text) => return Ok(text.as_str().to_owned()),
            Message::Binary(_) => return Err(WRONG),
            // The answer to a ping leaves before the next one is read.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_) => {
                flush(socket, limits.send).await?;
            }
        }
    }
}
