//! Requests, bodies and answers, read lazily.

use wasmtime::component::Resource;

use crate::bindings::{http, types};
use crate::state::{LentBody, LentRequest, LentResponse, State};

/// The most of an answer that is copied into a component at once.
const ANSWER_BYTES_MAX: usize = 1 << 20;

impl types::Host for State {}
impl http::Host for State {}

impl http::HostRequest for State {
    fn method(&mut self, _: Resource<LentRequest>) -> wasmtime::Result<String> {
        self.count_host_call()?;
        Ok(self.request()?.method().to_owned())
    }

    fn path(&mut self, _: Resource<LentRequest>) -> wasmtime::Result<String> {
        self.count_host_call()?;
        Ok(self.request()?.path().to_owned())
    }

    fn header(
        &mut self,
        _: Resource<LentRequest>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        self.count_host_call()?;
        let value = self.request()?.header(&name);
        Ok(value.map(|value| String::from_utf8_lossy(value).into_owned()))
    }

    fn client(&mut self, _: Resource<LentRequest>) -> wasmtime::Result<String> {
        self.count_host_call()?;
        Ok(self.request()?.client().to_owned())
    }

    fn drop(&mut self, _: Resource<LentRequest>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl http::HostBody for State {
    fn size(&mut self, _: Resource<LentBody>) -> wasmtime::Result<u64> {
        self.count_host_call()?;
        Ok(self.body()?.bytes().len() as u64)
    }

    fn member(&mut self, _: Resource<LentBody>, name: String) -> wasmtime::Result<Option<String>> {
        self.count_host_call()?;
        Ok(self.body()?.member(&name).map(str::to_owned))
    }

    fn bytes(&mut self, _: Resource<LentBody>) -> wasmtime::Result<Vec<u8>> {
        self.count_host_call()?;
        Ok(self.body()?.bytes().to_vec())
    }

    fn drop(&mut self, _: Resource<LentBody>) -> wasmtime::Result<()> {
        Ok(())
    }
}

impl http::HostResponse for State {
    fn status(&mut self, _: Resource<LentResponse>) -> wasmtime::Result<u16> {
        self.count_host_call()?;
        Ok(self.answer()?.status)
    }

    fn header(
        &mut self,
        _: Resource<LentResponse>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        self.count_host_call()?;
        let headers = &self.answer()?.headers;
        let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name));
        Ok(found.map(|(_, value)| value.clone()))
    }

    fn member(
        &mut self,
        _: Resource<LentResponse>,
        name: String,
    ) -> wasmtime::Result<Option<String>> {
        self.count_host_call()?;
        let document = self.answer()?.document.as_ref();
        Ok(document.and_then(|document| document.member(&name)).map(str::to_owned))
    }

    fn bytes(&mut self, _: Resource<LentResponse>) -> wasmtime::Result<Vec<u8>> {
        self.count_host_call()?;
        let bytes = &self.answer()?.bytes;
        Ok(bytes.get(..ANSWER_BYTES_MAX).unwrap_or(bytes).to_vec())
    }

    fn drop(&mut self, _: Resource<LentResponse>) -> wasmtime::Result<()> {
        Ok(())
    }
}
