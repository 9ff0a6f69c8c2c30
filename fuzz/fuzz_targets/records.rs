//! Records read back: read or refused, and whatever was read makes a page without mark-up from them.

#![no_main]

use libfuzzer_sys::fuzz_target;
use soundalike::audio::DecodeOptions;
use soundalike::report::decide::Commands;
use soundalike::report::html::{self, Options};
use soundalike::report::picture::Pictures;
use soundalike::report::read::Records;
use soundalike::report::sound::Sounds;

fuzz_target!(|data: &[u8]| {
    let mut records = Records::spool(&mut &data[..]).unwrap();
    let pictures = Pictures { from_audio: false, decode: DecodeOptions::default() };
    let sounds = Sounds { folder: None, clips: false, decode: DecodeOptions::default() };
    let commands = Commands::of_some_index();
    let options = Options { title: None, limit: 20, pictures, sounds, commands };
    let mut page = Vec::new();
    html::write(&mut records, &options, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert_eq!(page.matches("<script").count(), 1);
});
