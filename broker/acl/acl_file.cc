#include "broker/acl/acl_file.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "common/number.h"
#include "common/utf8.h"

namespace rocketmq::broker {
namespace {

constexpr const char* kWhiteAddresses = "globalWhiteRemoteAddresses";
constexpr const char* kAccounts = "accounts";
constexpr const char* kDataVersion = "dataVersion";
constexpr int kDepthMax = 16;
constexpr int kValuesMax = 1'000'000;

std::string atLine(int line, const std::string& text) {
  return "line " + std::to_string(line) + ": " + text;
}

int lineOf(const YAML::Node& node) { return node.Mark().line + 1; }

Status wrong(const YAML::Node& node, const std::string& text) {
  return Status::invalidArgument(atLine(std::max(lineOf(node), 1), text));
}

/// The library's word without what it quotes of the file.
std::string reasonOf(const YAML::Exception& error) {
  if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
    return std::string(YAML::ErrorMsg::UNKNOWN_ANCHOR) +
           "; a value that begins with * or & must stand in quotes";
  }
  return error.msg.substr(0, error.msg.find(':'));
}

/// Calls `use`, which reads YAML; what the library throws becomes a status.
template <class Use>
auto readingYaml(Use use) -> decltype(use()) {
  try {
    return use();
  } catch (const YAML::Exception& error) {
    return Status::invalidArgument(
        atLine(std::max(error.mark.line + 1, 1), "not YAML: " + reasonOf(error)));
  }
}

Result<std::string> textOf(const YAML::Node& node, const std::string& name) {
  if (node.IsNull()) {
    return std::string();
  }
  if (!node.IsScalar()) {
    return wrong(node, name + " must be a text");
  }
  return node.Scalar();
}

Result<std::vector<std::string>> textsOf(const YAML::Node& node, const std::string& name) {
  std::vector<std::string> texts;
  if (node.IsNull()) {
    return texts;
  }
  if (!node.IsSequence()) {
    return wrong(node, name + " must be a list");
  }
  for (const YAML::Node& element : node) {
    ROCKETMQ_ASSIGN_OR_RETURN(std::string text, textOf(element, "an element of " + name));
    texts.push_back(std::move(text));
  }
  return texts;
}

Result<bool> boolOf(const YAML::Node& node, const std::string& name) {
  bool value = false;
  if (!node.IsNull() && !YAML::convert<bool>::decode(node, value)) {
    return wrong(node, name + " must be true or false");
  }
  return value;
}

Result<int64_t> numberOf(const YAML::Node& node, const std::string& name) {
  const auto number = node.IsScalar() ? parseNumber<int64_t>(node.Scalar()) : std::nullopt;
  if (!number) {
    return wrong(node, name + " must be a number");
  }
  return *number;
}

/// The value of one key of an account; false when there is no such key.
Result<bool> readMember(const std::string& key, const YAML::Node& value,
                        remoting::PlainAccessConfig& account) {
  const auto text = [&](auto& member) -> Result<bool> {
    ROCKETMQ_ASSIGN_OR_RETURN(member, textOf(value, key));
    return true;
  };
  const auto list = [&](auto& member) -> Result<bool> {
    ROCKETMQ_ASSIGN_OR_RETURN(member, textsOf(value, key));
    return true;
  };
  if (key == "accessKey") {
    return text(account.access_key);
  }
  if (key == "secretKey") {
    return text(account.secret_key);
  }
  if (key == "whiteRemoteAddress") {
    return text(account.white_remote_address);
  }
  if (key == "admin") {
    ROCKETMQ_ASSIGN_OR_RETURN(account.admin, boolOf(value, key));
    return true;
  }
  if (key == "defaultTopicPerm") {
    return text(account.default_topic_perm);
  }
  if (key == "defaultGroupPerm") {
    return text(account.default_group_perm);
  }
  if (key == "topicPerms") {
    return list(account.topic_perms);
  }
  if (key == "groupPerms") {
    return list(account.group_perms);
  }
  return false;
}

Status readAccount(const YAML::Node& node, AclFile& file) {
  if (!node.IsMap()) {
    return wrong(node, "an account must have keys and values, such as accessKey");
  }
  remoting::PlainAccessConfig account;
  for (const auto& member : node) {
    ROCKETMQ_ASSIGN_OR_RETURN(const std::string name, textOf(member.first, "a key of an account"));
    ROCKETMQ_ASSIGN_OR_RETURN(const bool is_known, readMember(name, member.second, account));
    if (!is_known) {
      file.warnings.push_back(
          atLine(lineOf(member.first), "a key of an account that nobody knows"));
    }
  }
  for (const auto& [name, key] :
       {std::pair("accessKey", &account.access_key), std::pair("secretKey", &account.secret_key)}) {
    if (key->size() < kAclKeyCharactersMin) {
      return wrong(node, std::string("the account's ") + name +
                             " must be there and be longer than 6 characters");
    }
  }
  file.accounts.push_back({std::move(account), lineOf(node)});
  return Status::ok();
}

Status readVersion(const YAML::Node& node, model::DataVersion& version) {
  if (!node.IsSequence() || node.size() == 0 || !node[0].IsMap()) {
    return Status::ok();
  }
  for (const auto& [name, number] :
       {std::pair("counter", &version.counter), std::pair("timestamp", &version.timestamp)}) {
    if (const YAML::Node value = node[0][name]) {
      ROCKETMQ_ASSIGN_OR_RETURN(*number, numberOf(value, name));
    }
  }
  return Status::ok();
}

Status readTopLevel(const YAML::Node& key, const YAML::Node& value, AclFile& file) {
  const std::string& name = key.Scalar();
  if (name == kDataVersion) {
    return readVersion(value, file.version);
  }
  if (name != kAccounts && name != kWhiteAddresses) {
    if (name != "date") {  // Java's own samples have it; it means nothing.
      file.warnings.push_back(atLine(lineOf(key), "a key that nobody knows"));
    }
    return Status::ok();
  }
  if (value.IsNull()) {
    return Status::ok();
  }
  if (!value.IsSequence()) {
    return wrong(value, name + " must be a list");
  }
  for (const YAML::Node& element : value) {
    if (name == kAccounts) {
      ROCKETMQ_RETURN_IF_ERROR(readAccount(element, file));
    } else {
      ROCKETMQ_ASSIGN_OR_RETURN(std::string address, textOf(element, "an address"));
      file.global_white_addresses.push_back({std::move(address), lineOf(element)});
    }
  }
  return Status::ok();
}

/// What could be read but not written again: an alias can make a value part of itself, or a small
/// text a value without end, and of a key that is there twice a change reaches the first only.
/// `left`: how many values there may be.
Status checkShape(const YAML::Node& node, int depth, int& left) {
  if (depth > kDepthMax || --left < 0) {
    return wrong(node, "too many values, or too deep in each other");
  }
  if (node.IsMap()) {
    std::set<std::string> keys;
    for (const auto& member : node) {
      if (member.first.IsScalar() && !keys.insert(member.first.Scalar()).second) {
        return wrong(member.first, "a key that is there already");
      }
      ROCKETMQ_RETURN_IF_ERROR(checkShape(member.first, depth + 1, left));
      ROCKETMQ_RETURN_IF_ERROR(checkShape(member.second, depth + 1, left));
    }
  } else if (node.IsSequence()) {
    for (const YAML::Node& element : node) {
      ROCKETMQ_RETURN_IF_ERROR(checkShape(element, depth + 1, left));
    }
  }
  return Status::ok();
}

/// The library takes other bytes, and writes other ones in their place.
Status checkCharacters(std::string_view text) {
  if (!utf8::isValid(text)) {
    return Status::invalidArgument(atLine(1, "the file is not UTF-8"));
  }
  int line = 1;
  for (const char c : text) {
    line += c == '\n' ? 1 : 0;
    if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\r' && c != '\t') {
      return Status::invalidArgument(atLine(line, "a control character"));
    }
  }
  return Status::ok();
}

/// A value that stays a text whatever it looks like.
YAML::Node quoted(const std::string& text) {
  YAML::Node node(text);
  node.SetTag("!");
  return node;
}

YAML::Node quotedList(const std::vector<std::string>& texts) {
  YAML::Node list(YAML::NodeType::Sequence);
  for (const std::string& text : texts) {
    list.push_back(quoted(text));
  }
  return list;
}

/// Writes a node as it was: the library forgets which texts stood in quotes.
void emit(YAML::Emitter& out, const YAML::Node& node) {
  if (node.IsMap()) {
    out << YAML::BeginMap;
    for (const auto& member : node) {
      out << YAML::Key;
      emit(out, member.first);
      out << YAML::Value;
      emit(out, member.second);
    }
    out << YAML::EndMap;
  } else if (node.IsSequence()) {
    out << YAML::BeginSeq;
    for (const YAML::Node& element : node) {
      emit(out, element);
    }
    out << YAML::EndSeq;
  } else if (node.IsScalar() && node.Tag() == "!") {
    out << YAML::DoubleQuoted << node.Scalar();
  } else {
    out << node;
  }
}

std::string changed(YAML::Node root, const model::DataVersion& version) {
  YAML::Node entry(YAML::NodeType::Map);
  entry["counter"] = version.counter;
  entry["timestamp"] = version.timestamp;
  YAML::Node list(YAML::NodeType::Sequence);
  list.push_back(entry);
  root[kDataVersion] = list;
  YAML::Emitter out;
  emit(out, root);
  return std::string(out.c_str()) + "\n";
}

YAML::Node rootOf(std::string_view text) {
  YAML::Node root = YAML::Load(std::string(text));
  return root.IsMap() ? root : YAML::Node(YAML::NodeType::Map);
}

bool isAccount(const YAML::Node& node, std::string_view access_key) {
  const YAML::Node key = node["accessKey"];
  return key && key.IsScalar() && key.Scalar() == access_key;
}

void setMembers(YAML::Node node, const remoting::PlainAccessConfig& account) {
  const auto setText = [&node](const char* name, const std::optional<std::string>& value) {
    if (value) {
      node[name] = quoted(*value);
    }
  };
  const auto setList = [&node](const char* name,
                               const std::optional<std::vector<std::string>>& value) {
    if (value) {
      node[name] = quotedList(*value);
    }
  };
  setText("accessKey", account.access_key);
  setText("secretKey", account.secret_key);
  setText("whiteRemoteAddress", account.white_remote_address);
  node["admin"] = account.admin;
  setText("defaultTopicPerm", account.default_topic_perm);
  setText("defaultGroupPerm", account.default_group_perm);
  setList("topicPerms", account.topic_perms);
  setList("groupPerms", account.group_perms);
}

}  // namespace

Result<AclFile> parseAclFile(std::string_view text) {
  ROCKETMQ_RETURN_IF_ERROR(checkCharacters(text));
  return readingYaml([text]() -> Result<AclFile> {
    AclFile file;
    const YAML::Node root = YAML::Load(std::string(text));
    int values_left = kValuesMax;
    ROCKETMQ_RETURN_IF_ERROR(checkShape(root, 0, values_left));
    if (root.IsNull()) {
      return file;
    }
    if (!root.IsMap()) {
      return wrong(root, "the file must have the keys globalWhiteRemoteAddresses and accounts");
    }
    for (const auto& member : root) {
      if (!member.first.IsScalar()) {
        return wrong(member.first, "a key must be a text");
      }
      ROCKETMQ_RETURN_IF_ERROR(readTopLevel(member.first, member.second, file));
    }
    return file;
  });
}

std::string withAccount(std::string_view text, const remoting::PlainAccessConfig& account,
                        const model::DataVersion& version) {
  YAML::Node root = rootOf(text);
  YAML::Node accounts = root[kAccounts];
  if (!accounts || !accounts.IsSequence()) {
    accounts = YAML::Node(YAML::NodeType::Sequence);
    root[kAccounts] = accounts;
  }
  for (YAML::Node node : accounts) {
    if (isAccount(node, account.access_key)) {
      setMembers(node, account);
      return changed(root, version);
    }
  }
  YAML::Node added(YAML::NodeType::Map);
  setMembers(added, account);
  accounts.push_back(added);
  return changed(root, version);
}

std::string withoutAccount(std::string_view text, std::string_view access_key,
                           const model::DataVersion& version) {
  YAML::Node root = rootOf(text);
  YAML::Node kept(YAML::NodeType::Sequence);
  for (const YAML::Node& node : root[kAccounts]) {
    if (!isAccount(node, access_key)) {
      kept.push_back(node);
    }
  }
  root[kAccounts] = kept;
  return changed(root, version);
}

std::string withGlobalWhiteAddresses(std::string_view text,
                                     const std::vector<std::string>& addresses,
                                     const model::DataVersion& version) {
  YAML::Node root = rootOf(text);
  root[kWhiteAddresses] = quotedList(addresses);
  return changed(root, version);
}

}  // namespace rocketmq::broker
