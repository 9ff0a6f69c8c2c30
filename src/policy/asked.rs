//! What a service asks beside its rules: who it is in the chain of delivery, which generators it takes, what is
//! to be declared in which field, what proof it wants, and where its sources contradict each other.

use super::condition::Condition;
use super::source::Source;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$of])* $variant,)* }

        impl $name {
            /// All names, in order.
            pub const NAMES: &'static [&'static str] = &[$($word,)*];
            /// All of them, in order.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The one called `name`.
            pub fn from_name(name: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|v| v.name() == name)
            }

            /// Name in packs and records.
            pub fn name(self) -> &'static str {
                match self { $($name::$variant => $word,)* }
            }
        }
    };
}
pub(super) use words;

words! {
    /// What kind of party a pack speaks for.
    Role {
        /// A practice or the rules of a house, not of one service.
        Practice "practice",
        /// Takes releases from their makers and delivers them.
        Distributor "distributor",
        /// Plays or sells them to listeners.
        Service "service",
        /// Claims uploads of users for the holders of references.
        Program "program",
    }
}

words! {
    /// How a service stands to what a generator makes.
    Standing {
        /// A licence or partnership between the service (or its owner) and the maker is reported.
        Licensed "licensed",
        /// The service lists it among those it takes.
        Permitted "permitted",
        /// The service refuses what it makes.
        Refused "refused",
    }
}

/// How a service stands to one family of generators.
#[derive(Debug, Clone, PartialEq)]
pub struct GeneratorStanding {
    /// The family.
    pub family: String,
    /// The names that this is said of; all of the family where none is given.
    pub names: Vec<String>,
    /// How it stands.
    pub standing: Standing,
    /// In words.
    pub text: String,
    /// Where that was read.
    pub source: Source,
}

impl GeneratorStanding {
    /// Whether it is said of the generator as it is called by `name`.
    pub fn is_about(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|n| n == name)
    }
}

words! {
    /// What an [`Ask`] wants.
    AskKind {
        /// Something to be declared in a field.
        Declare "declare",
        /// Something to be attached or kept at hand.
        Proof "proof",
        /// Something to know.
        Note "note",
    }
}

/// Something that a service asks for where its condition holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// What is wanted.
    pub kind: AskKind,
    /// The field of the form or message.
    pub field: Option<String>,
    /// When.
    pub when: Condition,
    /// In words.
    pub text: String,
    /// Where that was read.
    pub source: Source,
}

/// Two sources of one pack that say different things.
#[derive(Debug, Clone, PartialEq)]
pub struct Contradiction {
    /// About what.
    pub about: String,
    /// What one says.
    pub one: (String, Source),
    /// What the other says.
    pub other: (String, Source),
}
