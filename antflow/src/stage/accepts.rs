/// The types on both sides of a task or a stage.
pub trait Signature {
    /// What it takes.
    type Input: Send + 'static;
    /// What it gives on success.
    type Output: Send + 'static;
}

/// Says that a stage or a task takes `T`: the check behind every `>>` of `pipeline!`.
///
/// The macros write one concrete impl for each function, on the type of its parameter, so that the compiler's message
/// can point there. There is no blanket impl, which would lose that.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot consume `{T}`",
    label = "this takes another type than `{T}`",
    note = "what comes out of one step is what goes into the next: change one of the two types, or put a step between them"
)]
pub trait Accepts<T>: Signature<Input = T> {}
