//! This program as a worker that decodes for another run of it: see `soundalike::audio::isolation`.

/// First argument of a worker. Not a subcommand: nobody is to call it.
const ARGUMENT: &str = "--decode-for-parent";

/// Has this process been started as a worker?
pub fn is_one() -> bool {
    std::env::args_os().nth(1).is_some_and(|argument| argument == ARGUMENT)
}

/// Works until the parent has enough.
#[cfg(unix)]
pub fn run() -> ! {
    // Ctrl-C goes to the whole group, and a service manager's signal to all processes of the service. When to stop
    // is for the parent to say; it would take a worker that ends for one that a file has killed.
    let _ = ctrlc::set_handler(|| {});
    // A contained panic is told to the parent.
    std::panic::set_hook(Box::new(|_| {}));
    soundalike::audio::isolation::serve()
}

#[cfg(not(unix))]
pub fn run() -> ! {
    std::process::exit(super::Exit::Usage as i32)
}

/// Has audio decoded in workers from now on.
pub fn employ() {
    #[cfg(unix)]
    soundalike::audio::isolation::enable(ARGUMENT);
}

/// Ends the workers.
pub fn dismiss() {
    #[cfg(unix)]
    soundalike::audio::isolation::close();
}
