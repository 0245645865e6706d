//! What a rule's pattern is held against: text of which some may not be known before it runs.
//!
//! Does not know where it comes from.

/// A piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Char(char),
    /// What separates two words, as no character within a word does.
    Gap,
    /// What is known only when it runs.
    Unknown,
    /// The same, and it may be any number of words, or none.
    Words,
    /// What files are called that a pattern stands for: any number of words, each of which begins with what stands before it.
    Files,
    /// `~` at the beginning of a word, which stands for a home.
    Tilde,
}

/// A text in pieces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(pub(super) Vec<Piece>);

/// More than this is not compared: the rest counts as unknown.
const LONGEST: usize = 4000;

impl Text {
    pub(super) fn of(known: &str) -> Self {
        Self(known.chars().map(Piece::Char).collect())
    }

    pub(super) fn unknown() -> Self {
        Self(vec![Piece::Unknown])
    }

    pub(super) fn push(&mut self, piece: Piece) {
        if self.0.len() > LONGEST {
            return;
        }
        let piece = if self.0.len() == LONGEST {
            Piece::Unknown
        } else {
            piece
        };
        self.0.push(piece);
    }

    /// The text, where all of it is known.
    pub(super) fn known(&self) -> Option<String> {
        let known = |piece: &Piece| match piece {
            Piece::Char(c) => Some(*c),
            Piece::Gap => Some(' '),
            Piece::Unknown | Piece::Words | Piece::Files | Piece::Tilde => None,
        };
        self.0.iter().map(known).collect()
    }

    /// The text for people, with `…` for what is not known.
    pub(super) fn shown(&self) -> String {
        let shown = |piece: &Piece| match piece {
            Piece::Char(c) => *c,
            Piece::Gap => ' ',
            Piece::Unknown | Piece::Words | Piece::Files => '…',
            Piece::Tilde => '~',
        };
        self.0.iter().map(shown).collect()
    }

    /// Words with gaps between them.
    pub(super) fn joined<'a>(words: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut joined = Self::default();
        for (index, word) in words.into_iter().enumerate() {
            if index > 0 {
                joined.push(Piece::Gap);
            }
            for piece in &word.0 {
                joined.push(*piece);
            }
        }
        joined
    }
}
