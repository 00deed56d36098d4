use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can flow between the stages of a cluster: it is written and read as JSON.
///
/// Everything that is [`Serialize`] and [`DeserializeOwned`] is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot go from stage to stage of a cluster: it is not `Serialize + DeserializeOwned`",
    label = "cannot be stored as JSON",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`; what a stage takes and gives is owned, so it borrows nothing"
)]
pub trait Stored: Serialize + DeserializeOwned + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Stored for T {}
