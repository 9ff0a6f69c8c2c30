//! Where something was read, how good that is, and of what date.

/// How good a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confidence {
    /// The service's own text was read.
    Primary,
    /// Press or others who quote it.
    Secondary,
    /// Advertising, affiliates, hearsay.
    Weak,
    /// No service's rule but the practice that this tool proposes.
    Design,
}

impl Confidence {
    pub(super) fn from_tag(tag: &str) -> Option<Confidence> {
        Some(match tag {
            "P" => Confidence::Primary,
            "S" => Confidence::Secondary,
            "W" => Confidence::Weak,
            "D" => Confidence::Design,
            _ => return None,
        })
    }

    /// How a pack writes it.
    pub fn tag(self) -> &'static str {
        match self {
            Confidence::Primary => "P",
            Confidence::Secondary => "S",
            Confidence::Weak => "W",
            Confidence::Design => "D",
        }
    }

    /// The same for people.
    pub fn words(self) -> &'static str {
        match self {
            Confidence::Primary => "primary text",
            Confidence::Secondary => "secondary report",
            Confidence::Weak => "weak source, verify",
            Confidence::Design => "default of this tool",
        }
    }
}

/// Where a rule was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Short name within the pack.
    pub id: String,
    /// Address or publication.
    pub publication: String,
    /// How good it is.
    pub confidence: Confidence,
    /// Date of the publication as far as known (`YYYY`, `YYYY-MM` or `YYYY-MM-DD`); else when it was read.
    pub date: String,
}

impl Source {
    /// The source as findings name it.
    pub fn words(&self) -> String {
        format!("{} ({})", self.publication, self.confidence.words())
    }
}
