//! Requests for embeddings.

use tollgate_neutral::embeddings::EmbeddingsRequest;
use tollgate_neutral::{LABELS, Loss, write};
use tollgate_sdk::types::Failure;

use crate::address::{Api, Method};
use crate::bindings::exports::tollgate::policy::translation::{
    Framing, Reading, UpstreamBody, UpstreamRequest,
};
use crate::encode::Target;

/// Makes the request.
pub(crate) fn request(body: &str, target: &Target<'_>) -> Result<UpstreamRequest, Failure> {
    let request = EmbeddingsRequest::read(body)?;
    let mut loss = Loss::new(target.api.title(), target.deployment.drop_params);
    let mut task = None;
    for (name, value) in request.rest.iter() {
        match name {
            "task_type" | "input_type" => task = Some(value.get()),
            label if LABELS.contains(&label) => loss.label(label),
            other => loss.drop(other)?,
        }
    }
    let wanted = Wanted { task, dimensions: request.dimensions };
    let texts = request.input.iter().map(|text| text.json());
    let body = match target.api {
        Api::AiStudio => wanted.batch(&target.deployment.model, texts),
        Api::Vertex { .. } => wanted.instances(texts),
    };
    Ok(UpstreamRequest {
        method: "POST".into(),
        path: target.api.path(&target.deployment.model, Method::Embed),
        headers: Vec::new(),
        body: UpstreamBody::Replaced(body.into_bytes()),
        credential: Some(target.api.credential()),
        reading: Reading::Decode(Framing::Whole),
        dropped: loss.into_dropped(),
    })
}

/// What is the same for every text.
struct Wanted<'a> {
    /// The task as JSON text.
    task: Option<&'a str>,
    dimensions: Option<u64>,
}

// === impl Wanted ===

impl Wanted<'_> {
    /// AI Studio's form: a whole request for each text.
    fn batch<'t>(&self, model: &str, texts: impl Iterator<Item = &'t str>) -> String {
        let model = if model.contains('/') { model.to_owned() } else { format!("models/{model}") };
        write::object(|body| {
            body.array("requests", |requests| {
                for text in texts {
                    requests.object(|request| {
                        request.text("model", &model);
                        request.object("content", |content| {
                            content.array("parts", |parts| {
                                parts.object(|part| part.json("text", text));
                            });
                        });
                        if let Some(task) = self.task {
                            request.json("taskType", task);
                        }
                        if let Some(dimensions) = self.dimensions {
                            request.count("outputDimensionality", dimensions);
                        }
                    });
                }
            });
        })
    }

    /// Vertex AI's form: instances and parameters.
    fn instances<'t>(&self, texts: impl Iterator<Item = &'t str>) -> String {
        write::object(|body| {
            body.array("instances", |instances| {
                for text in texts {
                    instances.object(|instance| {
                        instance.json("content", text);
                        if let Some(task) = self.task {
                            instance.json("task_type", task);
                        }
                    });
                }
            });
            if let Some(dimensions) = self.dimensions {
                body.object("parameters", |parameters| {
                    parameters.count("outputDimensionality", dimensions);
                });
            }
        })
    }
}
