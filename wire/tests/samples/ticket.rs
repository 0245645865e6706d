//! What opens a WebSocket where nothing tells who asks.

use wire::{Said, Ticket};

use super::Goldens;

pub(super) fn tickets(goldens: &mut Goldens) {
    let ticket = "5f0c7e19".repeat(8);
    goldens.check(
        "ticket",
        &Ticket {
            ok: true,
            ticket: ticket.clone(),
            expires_in_sec: 30,
        },
    );
    goldens.check("said-ticket", &Said::Ticket { ticket });
}
