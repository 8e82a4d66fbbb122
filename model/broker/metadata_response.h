// What a broker tells clients of the cluster: KafkaApis.handleTopicMetadataRequest, from its MetadataCache.
#pragma once

#include "model/messages.h"
#include "model/metadata/image.h"

namespace ktrial::model {

MetadataResponse metadata_response(const MetadataImage& image, NodeId controller, const MetadataRequest& request);

}  // namespace ktrial::model
