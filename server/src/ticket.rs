//! Tickets: what lets a WebSocket in whose opening could carry no token, once and within half a minute.
//!
//! CloudCLI's proxy hands its plugins' token on with requests and not with sockets, so the page asks for a ticket by a request
//! and shows it as its first message. Pure: the time is passed in.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use subtle::{Choice, ConstantTimeEq as _};

use crate::secret::Secret;

/// How long a ticket is good.
pub const LIFE: Duration = Duration::from_secs(30);

/// Tickets that may be open at once; a further one takes the place of the eldest.
const MOST: usize = 64;

/// The tickets that were given out and not shown yet, the eldest first.
#[derive(Debug, Default)]
pub struct Tickets(VecDeque<(Instant, Secret)>);

impl Tickets {
    /// Takes a new ticket in.
    pub fn add(&mut self, ticket: Secret, now: Instant) {
        self.forget_old(now);
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((now, ticket));
    }

    /// Whether `shown` is an open ticket; then it is none any more.
    pub fn redeem(&mut self, shown: &Secret, now: Instant) -> bool {
        self.forget_old(now);
        let mut found = Choice::from(0);
        // To the end, found or not: the time must not tell where it stands.
        self.0.retain(|(_, ticket)| {
            let same = ticket.ct_eq(shown);
            found |= same;
            !bool::from(same)
        });
        found.into()
    }

    fn forget_old(&mut self, now: Instant) {
        self.0
            .retain(|(since, _)| now.saturating_duration_since(*since) < LIFE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw() -> Secret {
        Secret::draw().unwrap()
    }

    #[test]
    fn a_ticket_is_good_once_and_for_half_a_minute() {
        let (mut tickets, now) = (Tickets::default(), Instant::now());
        let (one, other, late) = (draw(), draw(), draw());
        for ticket in [&one, &other, &late] {
            tickets.add(ticket.clone(), now);
        }
        assert!(!tickets.redeem(&draw(), now));
        assert!(tickets.redeem(&other, now));
        assert!(!tickets.redeem(&other, now));
        let nearly = now + LIFE - Duration::from_millis(1);
        assert!(tickets.redeem(&one, nearly));
        assert!(!tickets.redeem(&late, now + LIFE));
        assert!(tickets.0.is_empty());
    }

    #[test]
    fn too_many_tickets_cost_the_eldest_ones() {
        let (mut tickets, now) = (Tickets::default(), Instant::now());
        let all: Vec<_> = (0..MOST + 3).map(|_| draw()).collect();
        for ticket in &all {
            tickets.add(ticket.clone(), now);
        }
        let good: Vec<_> = all
            .iter()
            .map(|ticket| tickets.redeem(ticket, now))
            .collect();
        assert_eq!(good[..3], [false; 3]);
        assert!(good[3..].iter().all(|&good| good));
    }
}
