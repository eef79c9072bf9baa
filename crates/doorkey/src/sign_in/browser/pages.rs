/// What the person sees.
#[derive(Clone, Debug, Default)]
pub struct BrowserPages {
    /// Success.
    pub success: Option<String>,
    /// Failure.
    pub failure: Option<String>,
}
