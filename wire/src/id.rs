//! Identifiers that are checked while they are decoded, so that none can be wrong afterwards.

use std::{fmt, num::NonZeroU32, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};

/// A process id as one pid namespace sees it, 1 to 4194304 (`PID_MAX_LIMIT` of a 64-bit kernel, proc(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Pid(NonZeroU32);

impl Pid {
    const LIMIT: u32 = 1 << 22;

    /// Returns the pid, or `None` where the number can't be one.
    pub fn new(number: u32) -> Option<Self> {
        if number > Self::LIMIT {
            return None;
        }
        NonZeroU32::new(number).map(Self)
    }

    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Pid {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // `u32::from_str` accepts a plus sign and leading zeros; there is one way to write a pid.
        let digits = !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
        let number = if digits { text.parse().ok() } else { None };
        number
            .and_then(Self::new)
            .ok_or("a pid is a whole number from 1 to 4194304")
    }
}

impl<'de> Deserialize<'de> for Pid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        Self::new(number)
            .ok_or_else(|| de::Error::custom("a pid is a whole number from 1 to 4194304"))
    }
}

/// Names one process for good: a pid alone is given to another process once its owner has ended.
/// Written `<pid>:<start ticks>`; the ticks are field 22 of `/proc/<pid>/stat` (proc(5)), counted from boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessKey {
    pub pid: Pid,
    pub start_ticks: u64,
}

impl fmt::Display for ProcessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.pid, self.start_ticks)
    }
}

impl FromStr for ProcessKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str = "a key is <pid>:<start ticks>, as GET /sessions gives it";
        let (pid, ticks) = text.split_once(':').ok_or(SHAPE)?;
        let pid = pid.parse().map_err(|_| SHAPE)?;
        if ticks.is_empty() || !ticks.bytes().all(|b| b.is_ascii_digit()) {
            return Err(SHAPE);
        }
        let start_ticks = ticks.parse().map_err(|_| SHAPE)?;
        Ok(Self { pid, start_ticks })
    }
}

/// A conversation's id: 8 to 64 hexadecimal digits and dashes, in practice a UUID.
/// The alphabet has neither `/` nor `.`, so a path built from one stays where it was put.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(String);

impl SessionId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for SessionId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (8..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
            // A leading dash would read as an option in an argument list.
            && !text.starts_with('-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err("a session id is 8 to 64 hexadecimal digits and dashes")
        }
    }
}

/// Strings on the wire, checked types in the program.
macro_rules! as_string {
    ($($name:ty),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}

pub(crate) use as_string;

as_string!(ProcessKey, SessionId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pids_are_decimal_and_within_the_kernels_limit() {
        for good in ["1", "42", "4194304"] {
            assert_eq!(good.parse::<Pid>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "0",
            "-1",
            "+1",
            "01",
            "1.0",
            " 1",
            "4194305",
            "99999999999999",
            "x",
            "1:2",
        ] {
            assert!(bad.parse::<Pid>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_key_reads_back_as_it_was_written() {
        let key: ProcessKey = "7:18446744073709551615".parse().unwrap();
        assert_eq!(key.to_string(), "7:18446744073709551615");
        for bad in [
            "7",
            "7:",
            ":7",
            "0:1",
            "7:-1",
            "7:+1",
            "7:1:2",
            "7:18446744073709551616",
        ] {
            assert!(bad.parse::<ProcessKey>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_session_id_can_not_leave_its_directory() {
        assert!(
            "086ce0db-50b0-42a3-b30a-e82a2d9c2aac"
                .parse::<SessionId>()
                .is_ok()
        );
        for bad in [
            "",
            "1234567",
            "../../etc",
            "086ce0db/50b0",
            "086ce0db.jsonl",
            "-86ce0db",
            "zzzzzzzz",
        ] {
            assert!(bad.parse::<SessionId>().is_err(), "{bad:?}");
        }
        assert!("a".repeat(65).parse::<SessionId>().is_err());
    }
}
