//! Standard output that somebody may stop reading.

use std::io::{self, ErrorKind, Write};

/// Passes on what is written until the other side has seen enough (`| head`): from then on it is dropped, and
/// the run goes on. Its exit status says what was found, and what it enters in logs and indexes is complete,
/// whoever reads along.
#[derive(Debug)]
pub(super) struct Out<W> {
    inner: W,
    is_closed: bool,
}

impl<W: Write> Out<W> {
    pub(super) fn new(inner: W) -> Out<W> {
        Out { inner, is_closed: false }
    }

    fn tolerate<T>(&mut self, result: io::Result<T>, dropped: T) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.is_closed = true;
                Ok(dropped)
            }
            result => result,
        }
    }
}

impl<W: Write> Write for Out<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let written = self.inner.write(bytes);
        self.tolerate(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let flushed = self.inner.flush();
        self.tolerate(flushed, ())
    }
}
