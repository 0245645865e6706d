//! A client of a session in a terminal, which waits for what it is to see.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use session_manager::hold::{
    client::Client,
    protocol::{Asked, Do, Reply, Told},
};
use wire::{Caller, Code, DriveOutcome, Face};

/// A connection to a holder.
pub(super) struct TestClient {
    pub(super) client: Client,
    pub(super) number: u64,
    /// What was shown since it was last looked for.
    pub(super) seen: String,
}

impl TestClient {
    /// Waits until this is shown; what came before is forgotten.
    pub(super) async fn sees(&mut self, text: &str) {
        loop {
            if let Some(at) = self.seen.find(text) {
                self.seen.drain(..at + text.len());
                return;
            }
            match self.client.next().await.unwrap() {
                Some(Told::Screen { bytes }) => {
                    let bytes = BASE64_STANDARD.decode(bytes).unwrap();
                    self.seen.push_str(&String::from_utf8_lossy(&bytes));
                }
                Some(Told::Reply { .. }) => {}
                told => panic!("{told:?} instead of {text:?} after {:?}", self.seen),
            }
        }
    }

    pub(super) async fn ask(&mut self, what: Do) -> u64 {
        self.number += 1;
        let by = Caller {
            uid: None,
            face: Face::Terminal,
        };
        let id = self.number;
        self.client.ask(&Asked::Do { id, by, what }).await.unwrap();
        id
    }

    pub(super) async fn types(&mut self, keys: &str) {
        let bytes = BASE64_STANDARD.encode(keys);
        self.ask(Do::Type { bytes }).await;
    }

    /// Waits for the reply; on a connection that is not attached.
    pub(super) async fn does(&mut self, what: Do) -> Result<DriveOutcome, Code> {
        let number = self.ask(what).await;
        loop {
            match self.client.next().await.unwrap() {
                Some(Told::Reply { id, reply }) if id == number => {
                    return match reply {
                        Reply::Done { outcome, .. } => Ok(outcome),
                        Reply::Refused { code, .. } => Err(code),
                        Reply::Decided { .. } => panic!("nothing was decided"),
                    };
                }
                Some(_) => {}
                None => panic!("the holder has gone"),
            }
        }
    }
}
