//! The engine of commands that stay: `watch` and `serve`.

use std::path::Path;

use jiff::Timestamp;
use soundalike::engine::{Engine, Index, Listening, Options, writer};

use super::common::{Failure, TrustArg, WorkArgs};
use super::review::VerdictArgs;
use super::scan::{DepthArg, index_from_environment};

/// What is compared with what, and judged by what, as options say.
pub(super) struct Standing<'a> {
    /// What comes in, in a word.
    pub(super) compared: &'a str,
    pub(super) index: Option<&'a Path>,
    pub(super) keep: Option<&'a Path>,
    pub(super) verdicts: &'a VerdictArgs,
    pub(super) work: &'a WorkArgs,
    pub(super) depth: &'a DepthArg,
    pub(super) works: Listening,
    pub(super) trust: &'a TrustArg,
}

impl Standing<'_> {
    /// The engine, without earlier uploads. Their index is made where it is to be kept and is not there, so that a
    /// mistake shows at the start.
    pub(super) fn engine(&self) -> Result<Engine, Failure> {
        let dir = self.index.map(Path::to_owned).or_else(index_from_environment);
        let dir = dir.ok_or_else(|| {
            let what = self.compared;
            Failure::usage(format!("what should {what} be compared with? Give --index"))
        })?;
        let references = Index::open(&dir)?;
        let judge = self.verdicts.judge(Some(&dir), Timestamp::now())?;
        if let Some(keep) = self.keep {
            writer(keep)?;
        }
        let mut options = Options::default();
        options.decode = self.work.decode_options();
        options.depth = self.depth.depth();
        options.trust = self.trust.list()?;
        let engine = Engine::new(options).with_references(references).with_judge(judge);
        match self.works.hears_works() {
            true => Ok(engine.with_works(self.works)?),
            false => Ok(engine),
        }
    }
}
