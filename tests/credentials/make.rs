//! Makes the files of tests/data/credentials; called by the script that lies there.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use c2pa::{
    Builder, BuilderIntent, Context, DigitalSourceType, Settings, SigningAlg, create_signer,
};
use serde_json::json;

use super::data;

/// Who signs.
struct Signer(Box<dyn c2pa::Signer + Send + Sync>);

impl Signer {
    fn named(keys: &Path, name: &str) -> Signer {
        let read = |end: &str| std::fs::read(keys.join(format!("{name}.{end}"))).unwrap();
        Signer(
            create_signer::from_keys(&read("pem"), &read("key"), SigningAlg::Es256, None).unwrap(),
        )
    }
}

fn builder(title: &str) -> Builder {
    let settings = Settings::new().with_value("builder.thumbnail.enabled", false).unwrap();
    let context = Context::new().with_settings(settings).unwrap();
    let definition = json!({
        "title": title,
        "claim_generator_info": [{"name": "Example Generator", "version": "4.5"}],
    });
    Builder::from_context(context).with_definition(definition.to_string()).unwrap()
}

fn generated(title: &str) -> Builder {
    let mut builder = builder(title);
    let source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
    let action = json!({"action": "c2pa.created", "digitalSourceType": source,
        "softwareAgent": {"name": "Example Model", "version": "4"}});
    builder.add_action(action).unwrap();
    builder
}

fn sign(mut builder: Builder, signer: &Signer, format: &str, from: &[u8]) -> Vec<u8> {
    let (mut from, mut to) = (Cursor::new(from), Cursor::new(Vec::new()));
    builder.sign(signer.0.as_ref(), format, &mut from, &mut to).unwrap();
    to.into_inner()
}

pub fn all(keys: &Path) {
    let (maker, studio) = (Signer::named(keys, "maker"), Signer::named(keys, "studio"));
    let music = |name: &str| std::fs::read(data(&format!("formats/{name}"))).unwrap();
    let keep = |name: &str, bytes: &[u8]| {
        let path: PathBuf = data(&format!("credentials/{name}"));
        std::fs::write(path, bytes).unwrap();
    };
    let (mp3, short) = (music("bare.mp3"), music("mono.mp3"));
    keep("generated.wav", &sign(generated("Wave"), &maker, "wav", &music("u8_8k.wav")));
    keep("generated.m4a", &sign(generated("Box"), &maker, "m4a", &music("aac.m4a")));
    let flac = std::fs::read(keys.join("plain.flac")).unwrap();
    keep("generated.flac", &sign(generated("Free"), &maker, "flac", &flac[..]));
    let signed = sign(generated("Layer three"), &maker, "mp3", &mp3);
    keep("generated.mp3", &signed);

    let mut captured = builder("Saxophone");
    captured.set_intent(BuilderIntent::Create(DigitalSourceType::DigitalCapture));
    keep("recorded.mp3", &sign(captured, &studio, "mp3", &short));

    let mut edited = builder("Edited");
    edited.set_intent(BuilderIntent::Edit);
    let parent = json!({"title": "Layer three", "relationship": "parentOf"}).to_string();
    edited.add_ingredient_from_stream(parent, "mp3", &mut Cursor::new(&signed)).unwrap();
    edited
        .add_action(json!({"action": "c2pa.edited", "softwareAgent": "Example Studio 2"}))
        .unwrap();
    keep("edited.mp3", &sign(edited, &maker, "mp3", &short));

    let mut elsewhere = generated("Elsewhere");
    elsewhere.set_remote_url("https://example.org/manifests/1").set_no_embed(true);
    keep("remote.mp3", &sign(elsewhere, &maker, "mp3", &short));
}
