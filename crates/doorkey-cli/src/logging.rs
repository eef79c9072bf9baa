//! Events on stderr, for who asks by `--verbose` or `RUST_LOG`.

use crate::{console, failure::Failure};
use std::{env, fmt};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Begins to log, `verbose` being how often the option was given. Only who asks pays for it.
pub(crate) fn start(verbose: u8) -> Result<(), Failure> {
    let Some(filter) = filter(verbose)? else {
        return Ok(());
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .event_format(OneLine)
        .with_writer(|| console::Stderr)
        .init();
    Ok(())
}

fn filter(verbose: u8) -> Result<Option<EnvFilter>, Failure> {
    let wanted = env::var_os(VARIABLE).unwrap_or_default();
    let refuse = |why: &str| {
        Failure::Usage(format!(
            "the environment variable {VARIABLE} is {wanted:?}, which {why}; set it anew, such as \
             doorkey=debug, or unset it"
        ))
    };
    let directives = match wanted.to_str() {
        None => return Err(refuse("is not UTF-8")),
        Some(wanted) if !wanted.trim().is_empty() => wanted,
        Some(_) => match verbose {
            0 => return Ok(None),
            1 => "doorkey=info,doorkey_emulator=info",
            _ => "doorkey=debug,doorkey_emulator=debug",
        },
    };
    EnvFilter::try_new(directives).map_err(|error| refuse(&format!("is no filter ({error})")))?;
    // The last of two directives for one target counts, so who names these gets them.
    EnvFilter::try_new(format!("{WITH_URLS},{directives}"))
        .map(Some)
        .map_err(|error| refuse(&format!("is no filter ({error})")))
}

const VARIABLE: &str = "RUST_LOG";

/// They log the paths of URLs, and one path holds a user name.
const WITH_URLS: &str = "typespec_client_core=off,azure_core=off";

/// As all that the command says: who, how bad, what.
struct OneLine;

impl<S, N> FormatEvent<S, N> for OneLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        // Ours have names that are worth reading; those of others say where in their source.
        let name = match metadata.target() {
            "doorkey" => metadata.name(),
            other => other,
        };
        let level = metadata.level().as_str().to_ascii_lowercase();
        let text = console::one_line(&text);
        write!(writer, "doorkey: {level}: {name}: {text}")?;
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            let fields = extensions.get::<tracing_subscriber::fmt::FormattedFields<N>>();
            let fields = fields.map_or("", |fields| fields.as_str());
            write!(writer, " ({}: {})", span.name(), console::one_line(fields))?;
        }
        writeln!(writer)
    }
}
