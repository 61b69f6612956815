#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rocketmq::test {

/// Plays a client in another language: writes frames from JSON text as that client would, and reads
/// answers with a JSON library that is not ours. Blocking; every wait is bounded by ten seconds.
class RawClient {
 public:
  /// What came in one frame.
  struct Frame {
    int serialize_type = 0;
    std::string header_text;  ///< JSON frames only.
    int code = 0;
    int opaque = 0;
    int flag = 0;
    int version = 0;
    std::string language;
    std::string remark;
    std::map<std::string, std::string> ext;
    bool ext_all_strings = true;  ///< No extField value was anything but a JSON string.
    std::string body;

    bool isResponse() const { return (flag & 1) != 0; }
  };

  /// Connects to 127.0.0.1:port; aborts the process when nobody listens.
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// Sends a request with a JSON header: `fields` is the text of the extFields object, written as
  /// it stands ("{\"queueId\":3}"), empty for none. Returns its opaque.
  int request(int code, const std::string& fields, std::string_view body = {},
              const std::string& language = "JAVA", int version = 409, int flag = 0);

  /// Sends a whole header as it stands.
  void requestHeader(std::string_view header, std::string_view body = {}, int serialize_type = 0);

  /// Sends bytes as they stand.
  void write(std::string_view bytes);

  /// The next frame that answers `opaque`; frames that come before are kept for takeRequest().
  /// nullopt when the connection was closed or time is up.
  std::optional<Frame> answer(int opaque);
  Frame call(int code, const std::string& fields, std::string_view body = {},
             const std::string& language = "JAVA", int version = 409);

  /// The next request the server sent, in the order of arrival.
  std::optional<Frame> takeRequest();
  /// Every frame in the order it came, also those that answer() returned.
  const std::vector<Frame>& arrived() const { return arrived_; }

  /// True when the server closes the connection within the bound.
  bool closedByServer();
  /// True when a frame is there already or comes within `timeout_ms`.
  bool readable(int timeout_ms) const;

 private:
  std::optional<Frame> readFrame();
  bool readExactly(char* out, size_t size) const;

  int socket_;
  int next_opaque_ = 1;
  std::vector<Frame> arrived_;
  std::vector<Frame> waiting_;
};

/// One stored message of a pull or query answer, decoded by hand from the documented layout.
struct RawMessage {
  uint32_t magic = 0;
  int32_t queue_id = 0;
  int64_t queue_offset = 0;
  int64_t physical_offset = 0;
  int32_t sys_flag = 0;
  int32_t reconsume_times = 0;
  int64_t born_timestamp = 0;
  std::string body;
  std::string topic;
  std::map<std::string, std::string> properties;
};
std::vector<RawMessage> decodeMessages(std::string_view body);

/// `a 0x01 b 0x02 ...` from pairs.
std::string propertyString(const std::map<std::string, std::string>& properties);

/// `text` as the inside of a JSON string.
std::string jsonEscape(std::string_view text);

}  // namespace rocketmq::test
