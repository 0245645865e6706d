//! The opening of a WebSocket (RFC 6455, section 4.2): which requests ask for one, and the proof that they were
//! understood.
//!
//! Knows headers. Does not know what is said afterwards.

use hyper::{
    HeaderMap, Version,
    header::{
        CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
    },
    http::request::Parts,
    upgrade::OnUpgrade,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wire::Code;

use crate::http::error::Refusal;

/// A request for a WebSocket that can be granted.
#[derive(Debug)]
pub(crate) struct Handshake {
    pub(super) accept: HeaderValue,
    /// The bare connection, once the answer has left.
    pub(super) connection: OnUpgrade,
}

impl Handshake {
    /// Takes the handshake out of a request without a body, or says what is wrong with it.
    pub(crate) fn take(request: &mut Parts) -> Result<Self, Refusal> {
        let headers = &request.headers;
        let asks =
            has_word(headers, UPGRADE, "websocket") && has_word(headers, CONNECTION, "upgrade");
        if !asks || request.version != Version::HTTP_11 {
            return Err(Refusal::upgrade_required(
                "This path speaks WebSocket; connect with a WebSocket client, or read GET /events instead.",
            ));
        }
        if single(headers, SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(Refusal::upgrade_required(
                "Only version 13 of WebSocket is spoken; send one `Sec-WebSocket-Version: 13`.",
            ));
        }
        let key = single(headers, SEC_WEBSOCKET_KEY).filter(|key| is_key(key.as_bytes()));
        let key = key.ok_or_else(|| {
            Refusal::new(
                Code::BadRequest,
                "Sec-WebSocket-Key must be there once, 16 bytes in base64; send a fresh one.",
            )
        })?;
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
        let connection = request.extensions.remove::<OnUpgrade>();
        match (accept, connection) {
            (Ok(accept), Some(connection)) => Ok(Self { accept, connection }),
            (Ok(_) | Err(_), _) => Err(Refusal::new(
                Code::BadRequest,
                "This connection can't become a WebSocket; open a new one.",
            )),
        }
    }
}

/// The value of a header that is there exactly once.
fn single(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Whether a list that may be spread over several headers has `word`, in any case.
fn has_word(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// Whether this can be 16 bytes in base64.
fn is_key(key: &[u8]) -> bool {
    let letters = key.strip_suffix(b"==").unwrap_or_default();
    letters.len() == 22
        && letters
            .iter()
            .all(|&letter| letter.is_ascii_alphanumeric() || matches!(letter, b'+' | b'/'))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn nothing_but_24_letters_of_base64_is_a_key(key in vec(any::<u8>(), 0..30), text in "[A-Za-z0-9+/=-]{20,26}") {
            for key in [&key[..], text.as_bytes()] {
                if is_key(key) {
                    prop_assert_eq!(key.len(), 24);
                    prop_assert!(key.is_ascii() && key.ends_with(b"==") && !key.contains(&b'-'));
                    prop_assert!(!derive_accept_key(key).is_empty());
                }
            }
        }

        #[test]
        fn a_word_is_found_in_any_list_and_is_no_part_of_another(
            words in vec("(upgrade|Upgrade|keep-alive|upgrade2|up grade|)", 0..5),
            split in 0..5_usize,
        ) {
            let mut headers = HeaderMap::new();
            let split = split.min(words.len());
            for part in [&words[..split], &words[split..]] {
                headers.append(CONNECTION, HeaderValue::from_str(&part.join(" , ")).unwrap());
            }
            let has = words.iter().any(|word| word.eq_ignore_ascii_case("upgrade"));
            prop_assert_eq!(has_word(&headers, CONNECTION, "upgrade"), has);
        }
    }

    #[test]
    fn a_key_is_16_bytes_in_base64() {
        for good in [
            "dGhlIHNhbXBsZSBub25jZQ==",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "++++//////////////////==",
        ] {
            assert!(is_key(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "==",
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZQ",
            "GhlIHNhbXBsZSBub25jZQ==",
            "dGhlIHNhbXBsZSBub25jZQQ==",
            "dGhlIHNhbXBsZSBub25jZ-==",
            "dGhlIHNhbXBs SBub25jZQ==",
            "========================",
        ] {
            assert!(!is_key(bad.as_bytes()), "{bad}");
        }
    }
}
