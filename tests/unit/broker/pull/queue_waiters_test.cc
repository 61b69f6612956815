#include "broker/pull/queue_waiters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/pull/tag_filter.h"

namespace rocketmq::broker {
namespace {

class NoPull final : public HeldPull {
 public:
  void resume(WakeReason) override {}
};

/// Lets messages through with this text in their properties.
class Contains final : public store::MessageFilter {
 public:
  explicit Contains(std::string text) : text_(std::move(text)) {}
  bool matchesTagsCode(int64_t) const override { return true; }
  bool matchesProperties(std::string_view properties) const override {
    ++asked;
    return properties.find(text_) != std::string_view::npos;
  }
  mutable int asked = 0;

 private:
  const std::string text_;
};

std::unique_ptr<HeldEntry> entryOf(uint64_t id, const store::MessageFilter* filter,
                                   int64_t queue_offset = 0, std::string_view group = {}) {
  auto entry = std::make_unique<HeldEntry>();
  entry->id = id;
  entry->queue_offset = queue_offset;
  entry->group = group;
  entry->filter = filter;
  entry->pull = std::make_unique<NoPull>();
  return entry;
}

using Ids = std::set<uint64_t>;

Ids idsOf(const std::vector<std::unique_ptr<HeldEntry>>& entries) {
  Ids ids;
  for (const auto& entry : entries) {
    ids.insert(entry->id);
  }
  return ids;
}

Ids takenBy(QueueWaiters& waiters, const store::Arrival& arrival) {
  std::vector<std::unique_ptr<HeldEntry>> taken;
  waiters.takeMatching(arrival, taken);
  return idsOf(taken);
}

store::Arrival arrivalOf(int64_t tags_code, std::string_view properties = {},
                         int64_t queue_offset = 0) {
  store::Arrival arrival;
  arrival.queue_offset = queue_offset;
  arrival.tags_code = tags_code;
  arrival.properties = properties;
  return arrival;
}

TEST(QueueWaitersTest, AFilterIsAskedOnceHoweverManyPullsHaveIt) {
  const Contains filter("red");
  QueueWaiters waiters;
  for (uint64_t id = 0; id < 1000; ++id) {
    waiters.add(entryOf(id, &filter));
  }
  EXPECT_EQ(Ids(), takenBy(waiters, arrivalOf(0, "blue")));
  EXPECT_EQ(1, filter.asked);
  EXPECT_EQ(1000u, takenBy(waiters, arrivalOf(0, "red")).size());
  EXPECT_EQ(2, filter.asked);
  EXPECT_TRUE(waiters.empty());
}

/// Says which messages it wants and may not be asked about one.
class ByCodeOnly final : public store::MessageFilter {
 public:
  explicit ByCodeOnly(int64_t code) : code_(code) {}
  bool matchesTagsCode(int64_t) const override {
    ADD_FAILURE() << "asked";
    return false;
  }
  std::span<const int64_t> onlyTagsCodes() const override { return {&code_, 1}; }

 private:
  const int64_t code_;
};

TEST(QueueWaitersTest, ATagLeadsToItsPullsPastAllOthers) {
  std::vector<ByCodeOnly> filters;
  for (int64_t code = 0; code < 1000; ++code) {
    filters.emplace_back(code - 500);
  }
  QueueWaiters waiters;
  for (size_t i = 0; i < filters.size(); ++i) {
    waiters.add(entryOf(i, &filters[i]));
  }
  EXPECT_EQ(Ids{0}, takenBy(waiters, arrivalOf(-500)));
  EXPECT_EQ(Ids(), takenBy(waiters, arrivalOf(-500)));
  EXPECT_EQ(Ids{998}, takenBy(waiters, arrivalOf(498 | int64_t{1} << 40)));
  EXPECT_FALSE(waiters.empty());
}

/// Any order of calls beside a list that is searched from end to end.
class QueueWaitersModelTest : public testing::TestWithParam<uint32_t> {
 protected:
  struct Pull {
    uint64_t id;
    size_t filter;
    int64_t queue_offset;
    std::string group;
  };

  QueueWaitersModelTest() : random_(GetParam()) {
    filters_.push_back(nullptr);
    for (const int codes : {1, 1, 2, 3, 16, 17, 40}) {
      std::vector<int64_t> some;
      for (int i = 0; i < codes; ++i) {
        some.push_back(pick(0, 30));
      }
      filters_.push_back(std::make_unique<TagFilter>(some));
    }
    filters_.push_back(std::make_unique<TagFilter>(std::vector<int64_t>()));
    filters_.push_back(std::make_unique<Contains>("1"));
    filters_.push_back(std::make_unique<Contains>("2"));
  }

  int64_t pick(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }

  void add() {
    const auto filter = static_cast<size_t>(pick(0, std::ssize(filters_) - 1));
    Pull& pull =
        model_.emplace_back(Pull{next_id_++, filter, pick(0, 3), "G" + std::to_string(pick(0, 3))});
    groups_.push_back(std::make_unique<std::string>(pull.group));
    waiters_.add(entryOf(pull.id, filters_[filter].get(), pull.queue_offset, *groups_.back()));
  }

  void arrive() {
    const std::string properties = std::to_string(pick(0, 30));
    const store::Arrival arrival = arrivalOf(pick(0, 30), properties, pick(0, 3));
    expectTaken(takenBy(waiters_, arrival), [&](const Pull& pull) {
      const store::MessageFilter* const filter = filters_[pull.filter].get();
      return pull.queue_offset <= arrival.queue_offset &&
             (filter == nullptr || (filter->matchesTagsCode(arrival.tags_code) &&
                                    filter->matchesProperties(properties)));
    });
  }

  void removeOne() {
    if (model_.empty()) {
      return;
    }
    const auto at = model_.begin() + pick(0, std::ssize(model_) - 1);
    HeldEntry* const found = waiters_.find(filters_[at->filter].get(), at->id);
    ASSERT_NE(nullptr, found);
    EXPECT_EQ(at->id, waiters_.remove(*found)->id);
    EXPECT_EQ(nullptr, waiters_.find(filters_[at->filter].get(), at->id));
    model_.erase(at);
  }

  void takeGroup() {
    const std::string group = "G" + std::to_string(pick(0, 3));
    std::vector<std::unique_ptr<HeldEntry>> taken;
    waiters_.takeGroup(group, taken);
    expectTaken(idsOf(taken), [&](const Pull& pull) { return pull.group == group; });
  }

  template <class Predicate>
  void expectTaken(const Ids& taken, Predicate wanted) {
    Ids expected;
    std::erase_if(
        model_, [&](const Pull& pull) { return wanted(pull) && expected.insert(pull.id).second; });
    ASSERT_EQ(expected, taken);
    ASSERT_EQ(model_.empty(), waiters_.empty());
  }

  std::mt19937 random_;
  std::vector<std::unique_ptr<store::MessageFilter>> filters_;
  std::vector<std::unique_ptr<std::string>> groups_;
  std::vector<Pull> model_;
  uint64_t next_id_ = 0;
  QueueWaiters waiters_;
};

TEST_P(QueueWaitersModelTest, DoesWhatASearchOfAllWould) {
  for (int step = 0; step < 3000 && !HasFatalFailure(); ++step) {
    const int64_t kind = pick(0, 99);
    if (kind < 60) {
      add();
    } else if (kind < 75) {
      removeOne();
    } else if (kind < 98) {
      arrive();
    } else {
      takeGroup();
    }
  }
  std::vector<std::unique_ptr<HeldEntry>> taken;
  waiters_.takeAll(taken);
  expectTaken(idsOf(taken), [](const Pull&) { return true; });
}

INSTANTIATE_TEST_SUITE_P(Seeds, QueueWaitersModelTest, testing::Range(1u, 6u));

}  // namespace
}  // namespace rocketmq::broker
