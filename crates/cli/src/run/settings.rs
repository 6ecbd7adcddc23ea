//! The configuration: file, environment, command line.

use std::path::{Path, PathBuf};

use cordon_config::{Config, KEYS, Origin, Reader, Settings};
use cordon_service::view::{SettingView, SettingsView};

use crate::failure::Failure;

/// Where the system's configuration lies.
const SYSTEM: &str = "/etc/cordon/cordon.toml";

/// The configuration, and the file that it came from.
pub struct Loaded {
    /// What is in force.
    pub settings: Settings,
    /// The file, if there was one.
    pub file: Option<PathBuf>,
}

impl Loaded {
    /// As the console shows it.
    pub fn view(&self) -> SettingsView {
        let of = |key: &'static cordon_config::Key| SettingView {
            key: key.path.to_owned(),
            help: key.help.to_owned(),
            value: key.text(&self.settings.config).unwrap_or_default(),
            default: key.default_text().unwrap_or_default(),
            origin: match self.settings.origin(key) {
                Origin::Default => "default".to_owned(),
                Origin::File { .. } => "file".to_owned(),
                Origin::Variable(_) => "environment".to_owned(),
                Origin::Set => "command line".to_owned(),
            },
        };
        let file = self.file.as_deref().unwrap_or(Path::new(SYSTEM));
        SettingsView { file: file.display().to_string(), settings: KEYS.iter().map(of).collect() }
    }
}

/// Reads the configuration: the file that is named, or else the system's or the user's, then the
/// environment, then what the command line says.
pub fn load(named: &Option<PathBuf>, assignments: &[String]) -> Result<Loaded, Failure> {
    let file = match named {
        Some(path) => Some(path.clone()),
        None => usual_places().into_iter().find(|path| path.exists()),
    };
    let mut reader = Reader::new();
    if let Some(path) = &file {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::Other(format!(
                "cannot read {}: {error}; name another with --config",
                path.display()
            ))
        })?;
        reader.file(&text, &path.display().to_string());
    }
    reader.environment(
        std::env::vars().filter(|(name, _)| name.starts_with("CORDON_") && is_key(name)),
    );
    for assignment in assignments {
        reader.set(assignment);
    }
    let settings = reader.finish().map_err(|problems| Failure::Other(problems.to_string()))?;
    Ok(Loaded { settings, file })
}

/// The folder where everything lies.
pub fn data_folder(config: &Config) -> PathBuf {
    if let Some(dir) = &config.data.dir {
        return dir.as_path().to_owned();
    }
    if cordon_guard::is_root() {
        return PathBuf::from("/var/lib/cordon");
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    state.or_else(home).unwrap_or_else(|| PathBuf::from(".")).join("cordon")
}

/// The folders where a running service may be found, this user's first.
pub fn usual_places() -> Vec<PathBuf> {
    let home = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".config")));
    let own = home.map(|home| home.join("cordon/cordon.toml"));
    [PathBuf::from(SYSTEM)].into_iter().chain(own).collect()
}

fn is_key(name: &str) -> bool {
    KEYS.iter().any(|key| key.variable() == name)
}
