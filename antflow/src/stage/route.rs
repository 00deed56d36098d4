/// A type whose values go different ways: an enum with `#[derive(Route)]`, each variant of which has a branch of its own
/// in `pipeline!(fetch >> { Html => html, Pdf => pdf } >> store)`.
///
/// A branch takes what is in its variant: the value of one with one field, a tuple of the fields of one with several, and
/// `()` of one without.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no variants to route by",
    label = "this gives `{Self}`",
    note = "a route is made of an enum with `#[derive(Route)]`"
)]
pub trait Route: Sized {
    /// Takes a branch for each variant.
    #[doc(hidden)]
    type Routes;

    /// How many variants there are.
    #[doc(hidden)]
    const VARIANTS: usize;

    /// No branches yet.
    #[doc(hidden)]
    fn routes() -> Self::Routes;

    /// The place of the variant among all, from 0.
    #[doc(hidden)]
    fn variant(&self) -> usize;

    /// Gives away what is in the variant.
    #[doc(hidden)]
    fn visit(self, visit: impl Visit);
}

/// Who is given what is in a variant.
#[doc(hidden)]
pub trait Visit {
    /// Takes it.
    fn visit<T: Send + 'static>(self, value: T);
}
