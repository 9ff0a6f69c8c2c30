//! The worker's side: reads requests, decodes or reads credentials, sends what came of it.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::wire::{Failure, Kind, Request, SAMPLES, Task, receive, send};
use crate::audio::decode::decode_here;
use crate::credentials::locate::Located;
use crate::credentials::{self, TrustList};

/// Stack of the thread that decodes. Containers within containers are followed by recursion.
const STACK: usize = 64 << 20;
/// Memory that decoding one file may take, with the stack. Real files need a tenth of it.
const MEMORY: u64 = 384 << 20;

/// Serves the program that started this process until it closes the pipe, then ends the process.
pub fn serve() -> ! {
    limit(Resource::Data, MEMORY);
    // A decoder that crashes is nothing to look into with the memory of strangers' files.
    limit(Resource::Core, 0);
    let (requests, work) = mpsc::channel();
    let work = Arc::new(Mutex::new(work));
    // A user's own limits may not allow for such a stack.
    let decoder = [Some(STACK), None].into_iter().find_map(|stack| start(stack, &work));
    if decoder.is_some() {
        let (mut input, mut content) = (io::stdin().lock(), Vec::new());
        while let Ok(Some(Kind::Request)) = receive(&mut input, &mut content) {
            let Ok(request) = serde_json::from_slice(&content) else { break };
            if requests.send(request).is_err() {
                break;
            }
        }
    }
    // The parent is gone or has enough. This thread sees that even while the other decodes.
    std::process::exit(0)
}

/// Starts the thread that decodes.
fn start(stack: Option<usize>, work: &Arc<Mutex<Receiver<Request>>>) -> Option<JoinHandle<()>> {
    let work = work.clone();
    let builder = Builder::new();
    let builder = match stack {
        Some(stack) => builder.stack_size(stack),
        None => builder,
    };
    let decode = move || {
        let mut out = io::stdout();
        // The only one that takes from it.
        let work = work.lock().unwrap_or_else(PoisonError::into_inner);
        for request in work.iter() {
            // Nobody is left to tell of it when nobody listens.
            let answered = match &request.task {
                Task::Decode => answer(&request, &mut out),
                Task::Credential(located, trust) => {
                    answer_credential(&request, located, trust.as_ref(), &mut out)
                }
            };
            if answered.is_err() {
                std::process::exit(0);
            }
        }
    };
    builder.spawn(decode).ok()
}

/// Lowers a limit of this process; where the system has none of the kind, others hold.
fn limit(resource: Resource, to: u64) {
    let Rlimit { current, maximum } = getrlimit(resource);
    let lower = |old: Option<u64>| Some(old.map_or(to, |old| old.min(to)));
    let _ = setrlimit(resource, Rlimit { current: lower(current), maximum: lower(maximum) });
}

fn answer(request: &Request, out: &mut impl Write) -> io::Result<()> {
    let mut pending: Vec<u8> = Vec::with_capacity(4 * SAMPLES);
    let mut sent = Ok(());
    let decoded = decode_here(&request.path(), &request.options, &mut |mut samples| {
        while !samples.is_empty() && sent.is_ok() {
            let room = SAMPLES - pending.len() / 4;
            let (part, rest) = samples.split_at(samples.len().min(room));
            pending.extend(part.iter().flat_map(|sample| sample.to_le_bytes()));
            samples = rest;
            if pending.len() == 4 * SAMPLES {
                sent = send(out, Kind::Samples, &pending);
                pending.clear();
            }
        }
        if sent.is_err() {
            std::process::exit(0);
        }
    });
    sent?;
    if !pending.is_empty() {
        send(out, Kind::Samples, &pending)?;
    }
    let (kind, content) = match decoded {
        Ok(info) => (Kind::Done, serde_json::to_vec(&info)),
        Err(error) => (Kind::Failed, serde_json::to_vec(&Failure::from(error))),
    };
    send(out, kind, &content.map_err(io::Error::from)?)
}

fn answer_credential(
    request: &Request,
    located: &Located,
    trust: Option<&TrustList>,
    out: &mut impl Write,
) -> io::Result<()> {
    let options = &request.options;
    let read =
        credentials::read_here(&request.path(), located, trust, options.timeout, &options.cancel);
    send(out, Kind::Done, &serde_json::to_vec(&read)?)
}
